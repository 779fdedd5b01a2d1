-- Of a fee whose price or period callers wrote: until when its subscription asked for it then. What a cancelation had cut is
-- known from what callers shortened.
ALTER TABLE invoice_lines ADD COLUMN agreed_end timestamptz;
