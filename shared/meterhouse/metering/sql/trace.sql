-- name: writings
-- The writings of an identity, in their order; `identity` finds them, source and id are the truth.
SELECT written, digest, type, subject, toUnixTimestamp64Micro(time), toUnixTimestamp64Micro(ingested_at)
FROM event_writings FINAL
WHERE namespace = %(namespace)s AND identity = %(identity)s AND source = %(source)s AND id = %(id)s
ORDER BY written
LIMIT %(limit)s

-- name: event
SELECT toUnixTimestamp64Micro(time), data, datacontenttype, dataschema, toUnixTimestamp64Micro(ingested_at),
       toUnixTimestamp64Micro(stored_at), validation_error
FROM events FINAL
WHERE namespace = %(namespace)s AND type = %(type)s AND subject = %(subject)s
  AND hour = toStartOfHour(fromUnixTimestamp64Micro(toInt64(%(time)s), 'UTC')) AND source = %(source)s AND id = %(id)s

-- name: values
SELECT meter_id, toString(value), texts, counts, group_by
FROM meter_values FINAL
WHERE namespace = %(namespace)s AND subject = %(subject)s
  AND hour = toStartOfHour(fromUnixTimestamp64Micro(toInt64(%(time)s), 'UTC')) AND source = %(source)s AND id = %(id)s
  AND NOT superseded
