-- name: days
-- How many rows of a type's events there are each day (UTC).
SELECT toDate(hour) AS day, count()
FROM events
WHERE namespace = %(namespace)s AND type = %(type)s
GROUP BY day
ORDER BY day

-- name: page
-- The next events of some days, in the order of their key, the first writing of each, up to a number and to a size of data
-- that is passed by one event at most; `found` is how many there are up to that number alone.
SELECT subject, source, id, toUnixTimestamp(hour), toUnixTimestamp64Micro(time), data, toUnixTimestamp64Micro(ingested_at),
       toUnixTimestamp64Micro(stored_at), partition, offset, position, found
FROM (
    SELECT *, count() OVER () AS found,
           sum(length(data)) OVER (
               ORDER BY subject, hour, source, id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
           ) - length(data) AS bytes_before
    FROM (
        SELECT subject, hour, source, id, time, data, ingested_at, stored_at, partition, offset, position
        FROM events FINAL
        WHERE namespace = %(namespace)s AND type = %(type)s
          AND hour >= toDateTime(%(from)s, 'UTC') AND hour < toDateTime(%(to)s, 'UTC')
          {conditions}
        ORDER BY subject, hour, source, id
        LIMIT %(limit)s
    )
)
WHERE bytes_before < %(bytes)s
ORDER BY subject, hour, source, id

-- name: after
-- Written out, unlike a comparison of tuples, for the primary key to be used.
AND (subject > %(subject)s OR (subject = %(subject)s AND (hour > toDateTime(%(hour)s, 'UTC') OR (
    hour = toDateTime(%(hour)s, 'UTC') AND (source > %(source)s OR (source = %(source)s AND id > %(id)s))))))
