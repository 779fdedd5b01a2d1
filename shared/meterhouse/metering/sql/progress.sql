-- name: rows
-- Of what runs on the server that answers; the queries this server sends to others on a query's behalf are its parts.
SELECT sum(read_rows), sum(greatest(total_rows_approx, read_rows))
FROM system.processes
WHERE is_initial_query AND Settings['log_comment'] = %(comment)s
HAVING count() > 0
