-- Drafts are edited by hand: described, and lines taken off them, which then are never billed again.
ALTER TABLE invoices ADD COLUMN description text;
ALTER TABLE invoice_lines ADD COLUMN deleted_at timestamptz;
