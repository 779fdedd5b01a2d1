-- name: unarchived
-- Hours of which there are more rows than were archived. Rows that are stored again and not merged yet count doubly here:
-- `exact` looks again.
SELECT found.namespace, toUnixTimestamp(found.archive_hour) AS at, ifNull(held.edition + 1, 0) AS next_edition, held.rows
FROM (
    SELECT {namespace} AS namespace, {hour} AS archive_hour, count() AS rows
    FROM {table}
    WHERE {hour} < fromUnixTimestamp(toUInt32(%(before)s)) {since}
    GROUP BY namespace, archive_hour
) AS found
LEFT JOIN (
    SELECT namespace, hour AS archive_hour, toNullable(max(edition)) AS edition, max(rows) AS rows
    FROM archived_hours
    WHERE kind = %(kind)s
    GROUP BY namespace, archive_hour
) AS held ON held.namespace = found.namespace AND held.archive_hour = found.archive_hour
WHERE found.rows > held.rows
ORDER BY at, found.namespace

-- name: exact
SELECT count() FROM {table} FINAL WHERE {of_hour}

-- name: pages
-- A page is whole records of one partition, up to a number of rows and a size of data that its last record may pass.
SELECT partition, min(offset) AS first, max(offset), sum(n)
FROM (
    SELECT partition, offset, n,
           intDiv(sum(n) OVER before_and_this - n, %(rows)s) + intDiv(sum(bytes) OVER before_and_this - bytes, %(bytes)s) AS page
    FROM (
        SELECT partition, offset, count() AS n, sum({bytes_of_row}) AS bytes
        FROM {table} FINAL
        WHERE {of_hour}
        GROUP BY partition, offset
    )
    WINDOW before_and_this AS (PARTITION BY partition ORDER BY offset ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
)
GROUP BY partition, page
ORDER BY partition, first

-- name: page
SELECT {columns}
FROM {table} FINAL
WHERE {of_hour} AND partition = %(partition)s AND offset BETWEEN %(first)s AND %(last)s
ORDER BY partition, offset, position, ingested_at

-- name: accepted_page
SELECT {columns}
FROM {table} FINAL
WHERE {of_hour} AND partition = %(partition)s AND offset BETWEEN %(first)s AND %(last)s
ORDER BY partition, offset, namespace, accepted_at

-- name: of_events_hour
namespace = %(namespace)s AND archive_hour = fromUnixTimestamp(toUInt32(%(hour)s))

-- name: of_accepted_hour
hour = fromUnixTimestamp(toUInt32(%(hour)s))

-- name: since
AND {hour} >= fromUnixTimestamp(toUInt32(%(since)s))

-- name: days
SELECT DISTINCT partition
FROM system.parts
WHERE database = currentDatabase() AND table = 'archivable_events' AND active AND partition < %(before)s

-- name: drop_day
ALTER TABLE archivable_events DROP PARTITION %(day)s

-- name: held
SELECT kind, namespace, toUnixTimestamp(hour), max(edition) FROM archived_hours GROUP BY kind, namespace, hour

-- name: stored
-- What is stored of a page of the archive, with what it takes to have it read by meters.
SELECT type, subject, source, id, toUnixTimestamp(hour), toUnixTimestamp64Micro(time), data,
       toUnixTimestamp64Micro(ingested_at), toUnixTimestamp64Micro(stored_at), partition, offset, position
FROM events
WHERE namespace = %(namespace)s AND partition = %(partition)s AND offset BETWEEN %(first)s AND %(last)s
  AND stored_at >= fromUnixTimestamp(toUInt32(%(hour)s)) AND stored_at < fromUnixTimestamp(toUInt32(%(hour)s + 3600))

-- name: writings_of_records
-- How many writings of each record there are, by its place and instant.
SELECT offset, intDiv(toUnixTimestamp64Micro(ingested_at), 1000) AS at, count()
FROM event_writings FINAL
WHERE ingested_at >= fromUnixTimestamp64Micro(%(from)s) AND ingested_at < fromUnixTimestamp64Micro(%(to)s)
  AND partition = %(partition)s AND offset BETWEEN %(first)s AND %(last)s
GROUP BY offset, at

-- name: forget_log
TRUNCATE TABLE rebuilt_log

-- name: log_read
SELECT partition, argMax(next, at), argMax(upto, at) FROM rebuilt_log GROUP BY partition
