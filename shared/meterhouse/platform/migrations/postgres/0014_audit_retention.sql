-- Lines of the audit log go by their age alone, some at a time, and by this alone: the application's role still deletes none.
-- SECURITY DEFINER, and confined like its owner: it sees the lines of the namespace that is open.
CREATE FUNCTION forget_audit(before timestamptz, most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    forgotten bigint;
BEGIN
    IF before > clock_timestamp() - interval '1 year' THEN
        RAISE EXCEPTION 'lines of the audit log are kept for a year at least';
    END IF;
    DELETE FROM public.audit_log WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM public.audit_log
        WHERE namespace = current_setting('meterhouse.namespace', true) AND recorded_at < before
        ORDER BY recorded_at
        LIMIT most
    ));
    GET DIAGNOSTICS forgotten = ROW_COUNT;
    RETURN forgotten;
END $$;
REVOKE ALL ON FUNCTION forget_audit(timestamptz, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_audit(timestamptz, integer) TO meterhouse_app;
