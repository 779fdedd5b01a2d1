-- name: page
-- Events, the latest first; FINAL shows the first writing of each.
SELECT id, source, type, subject, toUnixTimestamp64Micro(time), time_given, data, datacontenttype, dataschema,
       toUnixTimestamp64Micro(ingested_at), toUnixTimestamp64Micro(stored_at), validation_error, written,
       identity
FROM events FINAL
WHERE namespace = %(namespace)s
  {conditions}
ORDER BY time DESC, written DESC
LIMIT %(limit)s

-- name: first_writings
SELECT source, id, min(written)
FROM event_writings
WHERE namespace = %(namespace)s AND identity IN %(identities)s
GROUP BY source, id
