-- When an app that has to be waited for said that it has the draft, and the final invoice.
ALTER TABLE invoices ADD COLUMN draft_synced_at timestamptz, ADD COLUMN issuing_synced_at timestamptz;
