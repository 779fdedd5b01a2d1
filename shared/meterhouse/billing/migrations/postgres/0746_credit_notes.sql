-- What is taken back of issued invoices. Numbers come from invoice_numbers, scope 'credit_note'.
CREATE TABLE credit_notes (
    namespace text NOT NULL,
    id text NOT NULL,
    number text NOT NULL,
    key text NOT NULL,
    invoice_id text NOT NULL,
    customer_id text NOT NULL,
    currency text NOT NULL,
    reason text NOT NULL,
    refund text NOT NULL,
    state text NOT NULL,
    is_automatic boolean NOT NULL,
    was_paid boolean NOT NULL,
    grant_id text,
    total numeric NOT NULL CHECK (total > 0),
    issued_at timestamptz NOT NULL,
    voided_at timestamptz CHECK ((voided_at IS NULL) = (state = 'issued')),
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (namespace, id),
    UNIQUE (namespace, number),
    UNIQUE (namespace, key),
    FOREIGN KEY (namespace, invoice_id) REFERENCES invoices (namespace, id)
);
CREATE INDEX credit_notes_of_invoice ON credit_notes (namespace, invoice_id, issued_at);
CREATE INDEX credit_notes_of_customer ON credit_notes (namespace, customer_id, issued_at);
CREATE INDEX credit_notes_by_issue ON credit_notes (namespace, issued_at, id);
SELECT confine('credit_notes');

-- What of each line: by its detailed lines, and why where billing gave it back by itself.
CREATE TABLE credit_note_lines (
    namespace text NOT NULL,
    note_id text NOT NULL,
    line_id text NOT NULL,
    parts jsonb NOT NULL,
    taxes_inclusive numeric NOT NULL,
    total numeric NOT NULL,
    unused jsonb NOT NULL,
    PRIMARY KEY (namespace, note_id, line_id),
    FOREIGN KEY (namespace, note_id) REFERENCES credit_notes (namespace, id),
    FOREIGN KEY (namespace, line_id) REFERENCES invoice_lines (namespace, id)
);
CREATE INDEX credit_notes_of_line ON credit_note_lines (namespace, line_id);
SELECT confine('credit_note_lines');

-- What credit notes made less due of an invoice that was not paid.
ALTER TABLE invoices ADD COLUMN credited_net numeric NOT NULL DEFAULT 0;
ALTER TABLE invoices ADD COLUMN credited_taxes numeric NOT NULL DEFAULT 0;
