-- The feature that was sold: its key may be another's by now.
ALTER TABLE invoice_lines ADD COLUMN feature_id text;
