-- Whether the subscription's own end cuts the service period: an edge of a phase does not make a line the last one.
ALTER TABLE invoice_lines ADD COLUMN is_terminal boolean NOT NULL DEFAULT false;
