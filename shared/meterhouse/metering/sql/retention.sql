-- name: definition
SELECT create_table_query FROM system.tables WHERE database = currentDatabase() AND name = 'events'

-- name: drop_parts
-- A part holds one day, so it is dropped as a whole and nothing is rewritten.
ALTER TABLE events MODIFY SETTING ttl_only_drop_parts = 1

-- name: end
ALTER TABLE events MODIFY TTL hour + toIntervalDay({days})

-- name: forget_the_end
ALTER TABLE events REMOVE TTL
