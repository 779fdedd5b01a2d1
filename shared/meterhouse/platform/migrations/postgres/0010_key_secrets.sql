-- A key has secrets: one, and while it is rotated the one before it until `expires_at`. None is ever deleted, so that a
-- secret that was over opens nothing again. `api_keys.key_hash` is read by functions of before this migration alone.
ALTER TABLE api_keys
    ALTER COLUMN key_hash DROP NOT NULL,
    ADD COLUMN role text,
    ADD COLUMN scopes text[] NOT NULL DEFAULT '{}',
    ADD COLUMN expires_at timestamptz,
    ADD COLUMN last_used_at timestamptz;

CREATE TABLE api_key_secrets (
    namespace text NOT NULL,
    id text NOT NULL,
    key_id text NOT NULL,
    key_hash text NOT NULL UNIQUE,
    hint text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    PRIMARY KEY (namespace, id),
    FOREIGN KEY (namespace, key_id) REFERENCES api_keys
);

-- The owner of the tables is confined, too, and in no namespace here. Keys of before had every right.
ALTER TABLE api_keys NO FORCE ROW LEVEL SECURITY;
UPDATE api_keys SET role = 'owner';
INSERT INTO api_key_secrets (namespace, id, key_id, key_hash, hint, created_at)
SELECT namespace, id, id, key_hash, '', created_at FROM api_keys WHERE key_hash IS NOT NULL;
ALTER TABLE api_keys FORCE ROW LEVEL SECURITY;

CREATE INDEX api_key_secrets_of_keys ON api_key_secrets (namespace, key_id);
SELECT confine('api_key_secrets');
CREATE POLICY presented ON api_key_secrets FOR SELECT
USING (key_hash = current_setting('meterhouse.credential', true));
CREATE POLICY presented_secret ON api_keys FOR SELECT USING (EXISTS (
    SELECT FROM api_key_secrets AS secret
    WHERE secret.namespace = api_keys.namespace AND secret.key_id = api_keys.id
    AND secret.key_hash = current_setting('meterhouse.credential', true)
));
