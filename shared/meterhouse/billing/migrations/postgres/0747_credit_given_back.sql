-- What goes back to the credit that bore a line, beside what is taken back in money, which may be nothing then.
ALTER TABLE credit_note_lines ADD COLUMN credits numeric NOT NULL DEFAULT 0 CHECK (credits >= 0);
ALTER TABLE credit_notes DROP CONSTRAINT credit_notes_total_check;
ALTER TABLE credit_notes ADD CONSTRAINT credit_notes_total_check CHECK (total > 0 OR total = 0 AND is_automatic);
