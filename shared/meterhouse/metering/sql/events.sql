-- name: page
-- Events, the latest first; FINAL shows the first writing of each.
SELECT id, source, type, subject, toUnixTimestamp64Micro(time), time_given, data, datacontenttype, dataschema,
       toUnixTimestamp64Micro(ingested_at), toUnixTimestamp64Micro(stored_at), validation_error, written,
       hex(identity)
FROM events FINAL
WHERE namespace = %(namespace)s
  {conditions}
ORDER BY time DESC, written DESC
LIMIT %(limit)s

-- name: first_writings
SELECT hex(identity), min(written)
FROM event_identities
WHERE namespace = %(namespace)s
  AND identity IN (SELECT toFixedString(unhex(arrayJoin(%(identities)s)), 16))
GROUP BY identity
