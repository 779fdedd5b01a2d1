-- The audit log names rows by their keys, joined by slashes, and some keys are names of subjects, which may hold slashes, too.
-- An erased name gives way to its pseudonym; that the row was changed, by whom and when, stays. Functions may do this to the
-- log and nothing else; a row each that was changed. Twice: of two names side by side the first takes the slash between them.
CREATE FUNCTION forget_in_audit(erased text, pseudonym text) RETURNS SETOF uuid
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    UPDATE public.audit_log SET object_id = substr(left(
        replace(replace('/' || object_id || '/', '/' || erased || '/', '/' || pseudonym || '/'),
                '/' || erased || '/', '/' || pseudonym || '/'), -1), 2)
    WHERE namespace = current_setting('meterhouse.namespace') AND pseudonym LIKE 'erased-%'
      AND strpos('/' || object_id || '/', '/' || erased || '/') > 0
    RETURNING id
$$;
REVOKE ALL ON FUNCTION forget_in_audit(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_in_audit(text, text) TO meterhouse_app;
