-- Whether somebody said what taxes a line has, be it none.
ALTER TABLE invoice_lines ADD is_taxed boolean NOT NULL DEFAULT false;
