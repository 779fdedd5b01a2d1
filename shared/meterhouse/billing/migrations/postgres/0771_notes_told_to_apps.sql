-- Credit notes that an app has to be told of: pending until it says so, then issued, or failed with its reason.
ALTER TABLE credit_notes DROP CONSTRAINT credit_notes_check;
ALTER TABLE credit_notes ADD CHECK ((voided_at IS NOT NULL) = (state = 'voided'));
ALTER TABLE credit_notes ADD COLUMN external_id text;
ALTER TABLE credit_notes ADD COLUMN failure text CHECK ((failure IS NOT NULL) = (state = 'failed'));
