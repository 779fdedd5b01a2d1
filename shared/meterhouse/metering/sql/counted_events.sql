-- name: page
-- What is counted, in the order of the table's key: a page goes on where the one before ended.
{values}
ORDER BY subject, hour, source, id
LIMIT {limit}

-- name: columns
subject, toUnixTimestamp(hour), source, id, toUnixTimestamp64Micro(time), toString(value), texts,
       toUnixTimestamp64Micro(ingested_at), toUnixTimestamp64Micro(stored_at)

-- name: following
-- The first of the conditions leaves out whole parts of the key, the second is exact.
subject >= {subject} AND (subject, hour, source, id) > ({subject}, {hour}, {source}, {id})
