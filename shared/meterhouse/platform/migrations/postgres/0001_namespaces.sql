-- Every table is confined to its namespace by a policy; the application's role neither owns tables nor bypasses it.
CREATE FUNCTION confine(target regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
    EXECUTE format(
        'CREATE POLICY confined ON %s USING (namespace = current_setting(''meterhouse.namespace'', true))'
        ' WITH CHECK (namespace = current_setting(''meterhouse.namespace'', true))', target);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO meterhouse_app', target);
END $$;
REVOKE ALL ON FUNCTION confine(regclass) FROM PUBLIC;

CREATE TABLE namespaces (
    namespace text PRIMARY KEY CHECK (namespace ~ '^[a-z0-9]+(?:[_-][a-z0-9]+)*$' AND length(namespace) <= 64),
    created_at timestamptz NOT NULL
);
SELECT confine('namespaces');
-- The scheduled functions walk over all namespaces, entering one at a time.
CREATE POLICY walked ON namespaces FOR SELECT USING (current_setting('meterhouse.walk', true) = 'namespaces');

CREATE TABLE api_keys (
    namespace text NOT NULL REFERENCES namespaces,
    id text NOT NULL,
    name text NOT NULL,
    key_hash text NOT NULL UNIQUE,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz,
    PRIMARY KEY (namespace, id)
);
SELECT confine('api_keys');
-- Whoever presents a key may see the row of that key, before its namespace is known.
CREATE POLICY presented ON api_keys FOR SELECT USING (key_hash = current_setting('meterhouse.credential', true));
