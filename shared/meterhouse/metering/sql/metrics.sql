-- name: counts
-- Events by subject, of those ingested from an instant on: an identity counts by its first writing alone, which may
-- be older than the instant, or stand under another key.
SELECT subject, count()
FROM (
    SELECT identity, source, id, argMin(subject, written) AS subject, min(written) AS first
    FROM events
    WHERE namespace = %(namespace)s AND ingested_at >= fromUnixTimestamp64Micro(toInt64(%(from)s), 'UTC')
    GROUP BY identity, source, id
)
WHERE (source, id, first) IN (
    SELECT source, id, min(written)
    FROM event_writings
    WHERE namespace = %(namespace)s AND identity IN (
        SELECT identity
        FROM events
        WHERE namespace = %(namespace)s AND ingested_at >= fromUnixTimestamp64Micro(toInt64(%(from)s), 'UTC')
    )
    GROUP BY source, id
)
GROUP BY subject
ORDER BY subject
