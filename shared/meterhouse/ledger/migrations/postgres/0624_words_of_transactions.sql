-- What whoever caused a transaction noted, as its name is what customers read: of a grant, or of what was taken by hand.
ALTER TABLE ledger_transactions ADD COLUMN description text, ADD COLUMN labels jsonb;
