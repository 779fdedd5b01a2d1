-- Every invoice run asks what of these is to be earned, of all customers.
CREATE INDEX ledger_charges_to_credit_alone ON ledger_charges (namespace, customer_id) WHERE mode = 'credit_only';
