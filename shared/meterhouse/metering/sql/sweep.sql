-- name: count
SELECT count() FROM event_writings WHERE namespace = %(namespace)s

-- name: later_writings
-- Of identities of a range that were written under several keys, every key in the period but the first one written, and
-- how early that was. Two keys of one writing are none of them later (an erasure).
SELECT later.2 AS type, later.3 AS subject, later.4 AS hour, source, id, earliest
FROM (
    SELECT source, id, arrayJoin(groupArray((first, type, subject, hour))) AS later, min(first) AS earliest
    FROM (
        SELECT source, id, type, subject, toUnixTimestamp(hour) AS hour, min(written) AS first
        FROM event_writings
        WHERE namespace = %(namespace)s AND identity BETWEEN {first} AND {last}
          AND identity IN (
              SELECT identity
              FROM event_writings
              WHERE namespace = %(namespace)s AND identity BETWEEN {first} AND {last}
              GROUP BY identity
              HAVING count() > 1 AND max(hour) >= toDateTime(%(from)s, 'UTC')
                 AND (min(hour) < max(hour) OR min(subject) < max(subject) OR min(type) < max(type))
          )
        GROUP BY source, id, type, subject, hour
    )
    GROUP BY source, id
)
WHERE later.1 > earliest AND hour >= %(from)s AND hour < %(to)s
ORDER BY type, subject, hour, source, id

-- name: found
-- Values under these keys, and whether they stand.
SELECT meter_id, subject, toUnixTimestamp(hour), source, id, NOT superseded
FROM meter_values FINAL
WHERE namespace = %(namespace)s AND meter_id IN %(meter_ids)s AND hour >= toDateTime(%(from)s, 'UTC')
  AND hour < toDateTime(%(to)s, 'UTC')
  AND (subject, toUnixTimestamp(hour), source, id) IN %(keys)s

-- name: marked
-- Hours that sweeps have marked.
SELECT DISTINCT meter_id, toUnixTimestamp(hour), mark
FROM dirty_hours
WHERE namespace = %(namespace)s AND meter_id IN %(meter_ids)s AND hour >= toDateTime(%(from)s, 'UTC')
  AND hour < toDateTime(%(to)s, 'UTC') AND startsWith(mark, 'swept ')
