-- The first response of a POST that carried an Idempotency-Key, written in the transaction of the change itself.
CREATE TABLE idempotency_keys (
    namespace text NOT NULL,
    key text NOT NULL,
    fingerprint text NOT NULL,
    status integer,
    content_type text,
    body text,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (namespace, key)
);
SELECT confine('idempotency_keys');
