-- Customers are marked as deleted; transactions are never changed at all.
SELECT keep('customers', '{id}');
ALTER TABLE ledger_transactions DROP CONSTRAINT ledger_transactions_namespace_customer_id_fkey;
SELECT refer('ledger_transactions', '{customer_id}', 'customers', '{id}');
ALTER TABLE ledger_entries DROP CONSTRAINT ledger_entries_namespace_transaction_id_entries_fkey;
SELECT refer('ledger_entries', '{transaction_id, entries}', 'ledger_transactions', '{id, entries}');
