-- A top-up that is taken away and set again goes on in the periods it had, so its limits do.
ALTER TABLE credit_top_ups ADD COLUMN removed_at timestamptz;
