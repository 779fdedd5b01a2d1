-- As before, and for columns that may be null: a row then refers to nothing. A foreign key asks for each such row, too.
CREATE OR REPLACE FUNCTION refer(source regclass, columns text[], target regclass, keys text[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    name text := format('%s_refer_to_%s', source, target);
    is_it text := (
        SELECT string_agg(format('kept.%I = named.%I', key, named), ' AND ')
        FROM unnest(array_prepend('namespace', columns), array_prepend('namespace', keys)) AS pair (named, key)
    );
BEGIN
    -- a value instead of NOT EXISTS: each is looked up by its key, whatever the planner thinks of tables it has not counted
    EXECUTE format(
        'CREATE FUNCTION %I() RETURNS trigger LANGUAGE plpgsql AS $body$'
        ' BEGIN'
        '     IF EXISTS ('
        '         SELECT FROM (SELECT DISTINCT namespace, %2$s FROM written WHERE (%2$s) IS NOT NULL) AS named'
        '         WHERE (SELECT true FROM %3$s AS kept WHERE %4$s) IS NULL'
        '     ) THEN'
        '         RAISE EXCEPTION ''%5$s refer to what is not among %3$s'' USING ERRCODE = ''foreign_key_violation'';'
        '     END IF;'
        '     RETURN NULL;'
        ' END $body$', name, array_to_string(columns, ', '), target, is_it, source);
    EXECUTE format('REVOKE ALL ON FUNCTION %I() FROM PUBLIC', name);
    EXECUTE format(
        'CREATE TRIGGER %I AFTER INSERT ON %s REFERENCING NEW TABLE AS written'
        ' FOR EACH STATEMENT EXECUTE FUNCTION %I()', name || '_when_added', source, name);
    EXECUTE format(
        'CREATE TRIGGER %I AFTER UPDATE ON %s REFERENCING NEW TABLE AS written'
        ' FOR EACH STATEMENT EXECUTE FUNCTION %I()', name || '_when_changed', source, name);
END $$;
