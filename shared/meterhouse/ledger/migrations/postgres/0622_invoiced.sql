-- What is asked of an invoice's transactions is what it was booked to be paid when it was issued: one of four.
DROP INDEX ledger_transactions_of_invoice;
CREATE INDEX ledger_transactions_of_invoice ON ledger_transactions (namespace, invoice) WHERE kind = 'invoiced';
