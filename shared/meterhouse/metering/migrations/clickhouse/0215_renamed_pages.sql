-- Where a page of the archive is laid to have an erased subject renamed in it; empty but for that moment. One function, of
-- which one runs at a time, uses it.
CREATE TABLE IF NOT EXISTS renamed_pages AS archivable_events;
