-- What opens the customer's page: of a token only a peppered hash is kept.
CREATE TABLE portal_tokens (
    namespace text NOT NULL REFERENCES namespaces,
    id text NOT NULL,
    token_hash text NOT NULL UNIQUE,
    subject text NOT NULL,
    -- set: the whole customer is seen; else what this one subject used, and nothing of bills
    customer_id text,
    -- none: every meter
    allowed_meters text[] CHECK (cardinality(allowed_meters) > 0),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL CHECK (expires_at > created_at),
    invalidated_at timestamptz,
    PRIMARY KEY (namespace, id)
);
CREATE INDEX portal_tokens_valid ON portal_tokens (namespace, created_at DESC, id DESC) WHERE invalidated_at IS NULL;
CREATE INDEX portal_tokens_of_subject ON portal_tokens (namespace, subject) WHERE invalidated_at IS NULL;
SELECT confine('portal_tokens');
-- Whoever presents a token may see the row of that token, before its namespace is known.
CREATE POLICY presented ON portal_tokens FOR SELECT USING (token_hash = current_setting('meterhouse.credential', true));
