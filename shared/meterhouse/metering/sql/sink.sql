-- name: later_writings
-- Of identities written under several keys, every key but the first one written.
SELECT later.2 AS type, later.3 AS subject, later.4 AS hour, source, id
FROM (
    SELECT source, id, arrayJoin(arraySlice(arraySort(groupArray((first, type, subject, hour))), 2)) AS later
    FROM (
        SELECT identity, source, id, type, subject, hour, min(written) AS first
        FROM event_identities
        WHERE namespace = %(namespace)s
          AND identity IN (SELECT toFixedString(unhex(arrayJoin(splitByChar(',', %(identities)s))), 16))
        GROUP BY identity, source, id, type, subject, hour
    )
    GROUP BY source, id
)
