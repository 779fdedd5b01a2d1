-- What clients and operators changed: a line for each row, in the transaction of the change, written by the database alone.
CREATE TABLE audit_log (
    namespace text NOT NULL,
    recorded_at timestamptz NOT NULL,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    actor text NOT NULL,
    route text NOT NULL,
    request_id text NOT NULL,
    object_kind text NOT NULL,
    object_id text NOT NULL,
    action text NOT NULL CHECK (action IN ('created', 'changed', 'deleted')),
    before_digest text,
    after_digest text,
    PRIMARY KEY (namespace, recorded_at, id)
);
CREATE INDEX audit_log_of_objects ON audit_log (namespace, object_id, recorded_at);
CREATE INDEX audit_log_of_actors ON audit_log (namespace, actor, recorded_at);
SELECT confine('audit_log');
REVOKE INSERT, UPDATE, DELETE ON audit_log FROM meterhouse_app;

-- Its arguments are the columns of the table's key. A row that stays as it is was not changed.
-- SECURITY DEFINER: the application's role may read the log and write nothing into it; the owner is confined as well.
CREATE FUNCTION write_audit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    was jsonb := to_jsonb(OLD);
    is_now jsonb := to_jsonb(NEW);
BEGIN
    IF was IS DISTINCT FROM is_now THEN
        INSERT INTO public.audit_log (
            namespace, recorded_at, actor, route, request_id, object_kind, object_id, action, before_digest, after_digest
        ) VALUES (
            coalesce(is_now, was) ->> 'namespace',
            clock_timestamp(),
            current_setting('meterhouse.actor'),
            current_setting('meterhouse.route', true),
            current_setting('meterhouse.request_id', true),
            TG_TABLE_NAME,
            (SELECT string_agg(coalesce(is_now, was) ->> part, '/') FROM unnest(TG_ARGV) AS part),
            CASE TG_OP WHEN 'INSERT' THEN 'created' WHEN 'UPDATE' THEN 'changed' ELSE 'deleted' END,
            encode(sha256(convert_to(was::text, 'UTF8')), 'hex'),
            encode(sha256(convert_to(is_now::text, 'UTF8')), 'hex')
        );
    END IF;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION write_audit() FROM PUBLIC;

-- Without an actor (jobs, workflows, the sink) the condition is all that a row costs.
CREATE FUNCTION audited(target regclass) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    key text := (
        SELECT string_agg(quote_literal(attname), ', ' ORDER BY place)
        FROM pg_index
        CROSS JOIN unnest(indkey) WITH ORDINALITY AS part (number, place)
        JOIN pg_attribute ON attrelid = indrelid AND attnum = number
        WHERE indrelid = target AND indisprimary AND (attname <> 'namespace' OR array_length(indkey, 1) = 1)
    );
BEGIN
    EXECUTE format(
        'CREATE TRIGGER audited AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW'
        ' WHEN (current_setting(''meterhouse.actor'', true) <> '''') EXECUTE FUNCTION write_audit(%s)', target, key);
END $$;
REVOKE ALL ON FUNCTION audited(regclass) FROM PUBLIC;

-- For caches, counters and what usage itself writes; the migration that says so gives the reason.
CREATE FUNCTION unaudited(target regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('DROP TRIGGER audited ON %s', target);
END $$;
REVOKE ALL ON FUNCTION unaudited(regclass) FROM PUBLIC;

SELECT audited(tablename::regclass) FROM pg_policies
WHERE schemaname = 'public' AND policyname = 'confined' AND tablename NOT IN ('audit_log', 'outbox', 'idempotency_keys');

-- From now on every table that is confined is audited.
CREATE OR REPLACE FUNCTION confine(target regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
    EXECUTE format(
        'CREATE POLICY confined ON %s USING (namespace = current_setting(''meterhouse.namespace'', true))'
        ' WITH CHECK (namespace = current_setting(''meterhouse.namespace'', true))', target);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO meterhouse_app', target);
    PERFORM audited(target);
END $$;
