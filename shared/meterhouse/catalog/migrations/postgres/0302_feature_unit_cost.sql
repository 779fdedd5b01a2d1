-- A unit cost is an amount, or what finds a language model's price. Amounts are text: no JSON reader makes floats of them.
-- Changing the type rewrites every namespace's rows, which an UPDATE under the tables' policy would not see.
ALTER TABLE features ALTER COLUMN unit_cost TYPE jsonb
USING CASE WHEN unit_cost IS NOT NULL THEN jsonb_build_object('type', 'manual', 'amount', unit_cost::text) END;
