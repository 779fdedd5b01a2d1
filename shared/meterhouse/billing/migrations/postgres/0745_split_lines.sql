-- Usage is billed while its period goes on: lines that charge for one full period together. The keys of the others begin
-- with the first one's.
ALTER TABLE invoice_lines ADD COLUMN whole_start timestamptz;
ALTER TABLE invoice_lines ADD COLUMN whole_end timestamptz CHECK ((whole_start IS NULL) = (whole_end IS NULL));
ALTER TABLE invoice_lines ADD COLUMN quantity_before numeric NOT NULL DEFAULT 0;
ALTER TABLE invoice_lines ADD COLUMN whole_key text GENERATED ALWAYS AS (
    split_part(split_part(key, '/from[', 1), '/split[', 1)
) STORED;
CREATE INDEX lines_of_a_whole ON invoice_lines (namespace, whole_key) WHERE key <> whole_key;
