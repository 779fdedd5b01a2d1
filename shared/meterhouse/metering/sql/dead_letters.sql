-- name: page
-- Dead letters, the latest first.
SELECT letter_partition, letter_offset, topic, partition, offset, reason, toUnixTimestamp64Milli(died_at) AS died_ms, bytes
FROM dead_records FINAL
WHERE namespace = %(namespace)s AND (died_ms, letter_partition, letter_offset) < %(after)s
ORDER BY died_ms DESC, letter_partition DESC, letter_offset DESC
LIMIT %(limit)s

-- name: find
-- The latest letter at a place of the dead-letter topic.
SELECT letter_partition, letter_offset, topic, partition, offset, reason, toUnixTimestamp64Milli(died_at), bytes
FROM dead_records FINAL
WHERE namespace = %(namespace)s AND letter_partition = %(partition)s AND letter_offset = %(offset)s
ORDER BY died_at DESC
LIMIT 1
