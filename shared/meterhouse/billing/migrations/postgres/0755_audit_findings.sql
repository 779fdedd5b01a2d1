-- What the audit of the books found. The id derives from the kind and the subject: what is found again is the same.
CREATE TABLE audit_findings (
    namespace text NOT NULL,
    id text NOT NULL,
    kind text NOT NULL,
    subject_id text NOT NULL,
    customer_id text NOT NULL,
    -- which does not go on while the finding is open
    invoice_id text,
    detail text NOT NULL,
    found_at timestamptz NOT NULL,
    resolved_at timestamptz,
    -- why somebody lets it be; null where the audit itself found it gone
    reason text CHECK (reason IS NULL OR resolved_at IS NOT NULL),
    PRIMARY KEY (namespace, id)
);
SELECT confine('audit_findings');
CREATE INDEX audit_findings_by_time ON audit_findings (namespace, found_at, id);
CREATE INDEX open_findings_of_customer ON audit_findings (namespace, customer_id) WHERE resolved_at IS NULL;
CREATE INDEX open_findings_of_invoice ON audit_findings (namespace, invoice_id) WHERE resolved_at IS NULL;
