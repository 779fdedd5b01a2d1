-- name: counts
-- Events by subject, of those ingested from an instant on: an identity counts by its first writing alone, which may
-- be older than the instant, or stand under another key.
SELECT subject, count()
FROM (
    SELECT identity, argMin(subject, written) AS subject, min(written) AS first
    FROM events
    WHERE namespace = %(namespace)s AND ingested_at >= fromUnixTimestamp64Micro(toInt64(%(from)s), 'UTC')
    GROUP BY identity
)
WHERE (identity, first) IN (
    SELECT identity, min(written)
    FROM event_identities
    WHERE namespace = %(namespace)s AND identity IN (
        SELECT identity
        FROM events
        WHERE namespace = %(namespace)s AND ingested_at >= fromUnixTimestamp64Micro(toInt64(%(from)s), 'UTC')
    )
    GROUP BY identity
)
GROUP BY subject
ORDER BY subject
