-- Lines of the audit log go by their age alone, some at a time, and by this alone: the application's role still deletes none.
-- None that is younger than a year; an hour is left to a caller whose clock is ahead.
-- SECURITY DEFINER, and confined like its owner: it sees the lines of the namespace that is open.
CREATE FUNCTION forget_audit(before timestamptz, most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    youngest timestamptz := clock_timestamp() - interval '1 year';
    forgotten bigint;
BEGIN
    IF before > youngest + interval '1 hour' THEN
        RAISE EXCEPTION 'lines of the audit log are kept for a year at least';
    END IF;
    DELETE FROM public.audit_log WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM public.audit_log
        WHERE namespace = current_setting('meterhouse.namespace', true) AND recorded_at < least(before, youngest)
        ORDER BY recorded_at
        LIMIT most
    ));
    GET DIAGNOSTICS forgotten = ROW_COUNT;
    RETURN forgotten;
END $$;
REVOKE ALL ON FUNCTION forget_audit(timestamptz, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_audit(timestamptz, integer) TO meterhouse_app;
