-- name: definition
SELECT create_table_query FROM system.tables WHERE database = currentDatabase() AND name = 'events'

-- name: drop_parts
-- A part holds one day, so it is dropped as a whole and nothing is rewritten.
ALTER TABLE events MODIFY SETTING ttl_only_drop_parts = 1

-- name: end
toDateTime(least(toUnixTimestamp(hour) + {seconds}, 4294967295))

-- name: set_the_end
-- Instants end in 2106 here: an end after that would come round to 1970, and everything be past it. `end` stands above as
-- ClickHouse prints it.
ALTER TABLE events MODIFY TTL {end}

-- name: forget_the_end
ALTER TABLE events REMOVE TTL
