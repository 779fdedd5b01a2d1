-- Usage that comes, or is corrected, after its period was billed: lines of their own beside those that charged for it.
DROP INDEX lines_of_a_whole;
ALTER TABLE invoice_lines DROP COLUMN whole_key;
ALTER TABLE invoice_lines ADD COLUMN whole_key text GENERATED ALWAYS AS (
    split_part(split_part(split_part(key, '/from[', 1), '/split[', 1), '/late[', 1)
) STORED;
CREATE INDEX lines_of_a_whole ON invoice_lines (namespace, whole_key) WHERE key <> whole_key;
-- Whose usage it is where that is not its invoice's; the credit note that bears what it takes off, in the place of an invoice.
ALTER TABLE invoice_lines ADD COLUMN subjects text[];
ALTER TABLE invoice_lines ADD COLUMN note_id text;
ALTER TABLE invoice_lines ADD FOREIGN KEY (namespace, note_id) REFERENCES credit_notes (namespace, id);
-- When the usage of the whole period was compared with what is billed; since when something is to be given back, once it is paid.
ALTER TABLE invoice_lines ADD COLUMN compared_at timestamptz;
ALTER TABLE invoice_lines ADD COLUMN owed_since timestamptz;
CREATE INDEX lines_owed ON invoice_lines (namespace, customer_id) WHERE owed_since IS NOT NULL;
