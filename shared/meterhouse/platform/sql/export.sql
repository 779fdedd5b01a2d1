-- name: tables
-- Every table whose rows belong to namespaces, and its columns but those that open something.
SELECT c.relname AS name, array_agg(a.attname::text ORDER BY a.attnum) AS columns
FROM pg_policy AS p
JOIN pg_class AS c ON c.oid = p.polrelid
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE p.polname = 'confined' AND a.attname !~ '_hash$'
GROUP BY c.relname
ORDER BY c.relname

-- name: rows
SELECT row_to_json(exported)::text AS line
FROM (SELECT {columns} FROM {table} WHERE namespace = %(namespace)s) AS exported
