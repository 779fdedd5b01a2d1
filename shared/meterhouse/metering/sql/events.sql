-- name: page
-- Events, the latest first; FINAL shows the first writing of each. They end with the first that makes their data larger than
-- `bytes`, and data that is so by itself is left out; `found` is how many there are up to the limit alone.
SELECT id, source, type, subject, toUnixTimestamp64Micro(time), if(size > %(bytes)s, '', data), datacontenttype,
       dataschema, toUnixTimestamp64Micro(ingested_at), toUnixTimestamp64Micro(stored_at), validation_error, written, identity,
       size > %(bytes)s, found
FROM (
    SELECT *, length(data) AS size, count() OVER () AS found,
           sum(length(data)) OVER (
               ORDER BY time DESC, written DESC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
           ) - length(data) AS bytes_before
    FROM (
        SELECT id, source, type, subject, time, data, datacontenttype, dataschema, ingested_at, stored_at,
               validation_error, written, identity
        FROM events FINAL
        WHERE namespace = %(namespace)s
          {conditions}
        ORDER BY time DESC, written DESC
        LIMIT %(limit)s
    )
)
WHERE bytes_before <= %(bytes)s
ORDER BY time DESC, written DESC

-- name: first_writings
SELECT source, id, min(written)
FROM event_writings
WHERE namespace = %(namespace)s AND identity IN %(identities)s
GROUP BY source, id
