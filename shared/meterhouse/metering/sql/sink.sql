-- name: packed
SELECT reinterpretAsUInt64(substring(unhex('{digits}'), 1 + 8 * number, 8)) FROM numbers({count})

-- name: repeated
-- Identities with several writings.
SELECT identity
FROM event_writings
WHERE namespace = %(namespace)s AND identity IN ({identities})
GROUP BY identity
HAVING count() > 1

-- name: later_writings
-- Of identities written under several keys, every key but the first one written, and how early that was. Two keys of one
-- writing are none of them later: that is the erasure of a subject under way.
SELECT later.2 AS type, later.3 AS subject, later.4 AS hour, source, id, earliest
FROM (
    SELECT source, id, arrayJoin(groupArray((first, type, subject, hour))) AS later, min(first) AS earliest
    FROM (
        SELECT source, id, type, subject, toUnixTimestamp(hour) AS hour, min(written) AS first
        FROM event_writings
        WHERE namespace = %(namespace)s AND identity IN ({identities})
        GROUP BY source, id, type, subject, hour
    )
    GROUP BY source, id
)
WHERE later.1 > earliest
