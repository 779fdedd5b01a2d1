-- Grants are voided or expire, charges are given back and never change: neither goes. Most entries name no grant.
SELECT keep('credit_grants', '{id}');
ALTER TABLE ledger_transactions DROP CONSTRAINT ledger_transactions_namespace_charge_fkey;
SELECT refer('ledger_transactions', '{charge}', 'ledger_charges', '{key}');
ALTER TABLE ledger_entries DROP CONSTRAINT ledger_entries_namespace_grant_id_fkey;
SELECT refer('ledger_entries', '{grant_id}', 'credit_grants', '{id}');
