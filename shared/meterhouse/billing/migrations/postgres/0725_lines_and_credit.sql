-- Whether prepaid credit bears what it can of a line, or all; what it bears; and the grant that a line pays for.
ALTER TABLE invoice_lines
ADD settlement_mode text NOT NULL DEFAULT 'credit_then_invoice'
CHECK (settlement_mode IN ('credit_then_invoice', 'credit_only')),
ADD credits jsonb NOT NULL DEFAULT '[]',
ADD grant_id text;
ALTER TABLE invoice_lines ADD FOREIGN KEY (namespace, grant_id) REFERENCES credit_grants;
CREATE INDEX lines_of_grants ON invoice_lines (namespace, grant_id) WHERE grant_id IS NOT NULL;
