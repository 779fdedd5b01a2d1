-- How often a credit note was taken up again after it failed, how often its app did not answer since, and when it is
-- told again: null where nobody has to tell it.
ALTER TABLE credit_notes
    ADD COLUMN attempt integer NOT NULL DEFAULT 1,
    ADD COLUMN tellings integer NOT NULL DEFAULT 0,
    ADD COLUMN tell_at timestamptz CHECK (tell_at IS NULL OR state = 'pending');
CREATE INDEX credit_notes_to_tell ON credit_notes (namespace, customer_id, tell_at) WHERE tell_at IS NOT NULL;
