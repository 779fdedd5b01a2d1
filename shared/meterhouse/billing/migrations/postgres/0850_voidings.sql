-- How callers want invoices voided whose apps were asked to do so: an answer that is lost loses none of it.
CREATE TABLE invoice_voidings (
    namespace text NOT NULL,
    invoice_id text NOT NULL,
    voiding jsonb NOT NULL,
    asked_at timestamptz NOT NULL,
    PRIMARY KEY (namespace, invoice_id),
    FOREIGN KEY (namespace, invoice_id) REFERENCES invoices (namespace, id)
);
SELECT confine('invoice_voidings');
