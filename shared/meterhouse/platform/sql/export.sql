-- name: tables
-- Every table whose rows belong to namespaces: its columns but hashes of what must not be known, and its key in its order.
SELECT c.relname AS name,
    array_agg(a.attname::text ORDER BY a.attnum)
        FILTER (WHERE a.attname !~ '(^|_)(hash|digest|fingerprint)$') AS columns,
    array_agg(a.attname::text ORDER BY array_position(i.indkey::int2[], a.attnum))
        FILTER (WHERE a.attnum = ANY(i.indkey)) AS key
FROM pg_policy AS p
JOIN pg_class AS c ON c.oid = p.polrelid
JOIN pg_index AS i ON i.indrelid = c.oid AND i.indisprimary
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE p.polname = 'confined'
GROUP BY c.relname
ORDER BY c.relname

-- name: rows
-- A column of json is as it was written: the ends of lines in it stand between its tokens, and mean nothing.
SELECT translate(row_to_json(exported)::text, E'\n\r', '  ') AS line
FROM (
    SELECT {columns} FROM {table}
    WHERE namespace = %(namespace)s
        AND (%(after)s::json IS NULL OR ({key}) > (SELECT {key} FROM json_populate_record(NULL::{table}, %(after)s::json)))
    ORDER BY {key}
) AS exported
