-- Whose step a transaction is: an auditor compares what an invoice was booked to be paid with its total.
ALTER TABLE ledger_transactions ADD invoice text;
CREATE INDEX ledger_transactions_of_invoice ON ledger_transactions (namespace, invoice) WHERE invoice IS NOT NULL;
