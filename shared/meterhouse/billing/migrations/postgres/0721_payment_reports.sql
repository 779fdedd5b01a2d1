-- What the app calls the parts of an invoice, and how often its payment was asked for.
ALTER TABLE invoices
    ADD COLUMN external_ids jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN sent_to_customer_at timestamptz,
    ADD COLUMN payment_attempt integer NOT NULL DEFAULT 0,
    ADD COLUMN payment_failed_at timestamptz;

-- What was said of an invoice's payment from outside, once for each key. is_applied: whether it moved the invoice.
CREATE TABLE payment_reports (
    namespace text NOT NULL,
    invoice_id text NOT NULL,
    key text NOT NULL,
    trigger text NOT NULL,
    reason text,
    occurred_at timestamptz NOT NULL,
    is_applied boolean NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (namespace, invoice_id, key),
    FOREIGN KEY (namespace, invoice_id) REFERENCES invoices (namespace, id)
);
SELECT confine('payment_reports');
