-- Lines priced in a custom currency are on no invoice: credit bears what it can of them, and what it leaves is a line of its own
-- in the currency of the customer's invoices. `cost_basis_id` is what a unit is worth by agreement; `overage` what is left of
-- which line, and by which worth it is charged.
ALTER TABLE invoice_lines ADD COLUMN invoice_currency text;
ALTER TABLE invoice_lines ADD COLUMN cost_basis_id text;
ALTER TABLE invoice_lines ADD COLUMN overage jsonb;
ALTER TABLE invoice_lines ADD COLUMN is_invoiced boolean GENERATED ALWAYS AS (
    settlement_mode <> 'credit_only' AND invoice_currency IS NULL
) STORED;
