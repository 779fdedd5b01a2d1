-- The audit log names rows by their keys, and some keys are names of subjects. An erased name gives way to its pseudonym; that
-- the row was changed, by whom and when, stays. Functions may do this to the log and nothing else; a row each that was changed.
CREATE FUNCTION forget_in_audit(erased text, pseudonym text) RETURNS SETOF uuid
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    UPDATE public.audit_log SET object_id = array_to_string(array_replace(string_to_array(object_id, '/'), erased, pseudonym), '/')
    WHERE namespace = current_setting('meterhouse.namespace') AND pseudonym LIKE 'erased-%'
      AND erased = ANY(string_to_array(object_id, '/'))
    RETURNING id
$$;
REVOKE ALL ON FUNCTION forget_in_audit(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_in_audit(text, text) TO meterhouse_app;
