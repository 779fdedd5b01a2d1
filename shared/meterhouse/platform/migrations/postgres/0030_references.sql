-- A foreign key is looked up row by row, and locks what it finds. What refers to something that never goes is looked up
-- once a statement, each thing that is named once.
CREATE FUNCTION refer(source regclass, columns text[], target regclass, keys text[]) RETURNS void LANGUAGE plpgsql AS $$
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
        '         SELECT FROM (SELECT DISTINCT namespace, %s FROM written) AS named'
        '         WHERE (SELECT true FROM %s AS kept WHERE %s) IS NULL'
        '     ) THEN'
        '         RAISE EXCEPTION ''%s refer to what is not among %s'' USING ERRCODE = ''foreign_key_violation'';'
        '     END IF;'
        '     RETURN NULL;'
        ' END $body$', name, array_to_string(columns, ', '), target, is_it, source, target);
    EXECUTE format('REVOKE ALL ON FUNCTION %I() FROM PUBLIC', name);
    EXECUTE format(
        'CREATE TRIGGER %I AFTER INSERT ON %s REFERENCING NEW TABLE AS written'
        ' FOR EACH STATEMENT EXECUTE FUNCTION %I()', name || '_when_added', source, name);
    EXECUTE format(
        'CREATE TRIGGER %I AFTER UPDATE ON %s REFERENCING NEW TABLE AS written'
        ' FOR EACH STATEMENT EXECUTE FUNCTION %I()', name || '_when_changed', source, name);
END $$;
REVOKE ALL ON FUNCTION refer(regclass, text[], regclass, text[]) FROM PUBLIC;

-- For those that are referred to: rows of the table never go, and keep their keys.
CREATE FUNCTION keep(target regclass, keys text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'CREATE TRIGGER kept BEFORE DELETE OR TRUNCATE OR UPDATE OF namespace, %s ON %s'
        ' FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_lose()', array_to_string(keys, ', '), target);
END $$;
REVOKE ALL ON FUNCTION keep(regclass, text[]) FROM PUBLIC;
CREATE FUNCTION refuse_to_lose() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% are referred to: none of them goes', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
