-- name: usage
-- Usage by window and group; parts come from `rows` and `rollups`.
SELECT {window} AS window_start, {total} AS total, {events} AS events, {first_at} AS first_at, {last_at} AS last_at
       {groups}
FROM ({parts})
GROUP BY window_start {keys}
ORDER BY window_start {keys}
LIMIT {limit}

-- name: rows
-- Values event by event, each identity once: FINAL keeps the first writing of a key.
SELECT {columns}
FROM meter_values FINAL
WHERE namespace = %(namespace)s AND meter_id = %(meter_id)s
  AND hour >= toDateTime(%(from_hour)s) AND hour < toDateTime(%(to_hour)s)
  {keys}
AND counts
  {conditions}

-- name: cut
-- What `rows` must read of hours that the period cuts.
time >= fromUnixTimestamp64Micro(toInt64(%(from)s)) AND time < fromUnixTimestamp64Micro(toInt64(%(to)s))

-- name: rollups
-- Usage of whole clean hours, or days.
SELECT {columns}
FROM usage_rollups FINAL
PREWHERE namespace = %(namespace)s AND meter_id = %(meter_id)s AND seconds = {seconds}
  AND start >= toDateTime({from_}) AND start < toDateTime({to}) AND start NOT IN ({dirty})
  {keys}
WHERE events > 0
  {conditions}

-- name: beside
-- What is to be read beside the whole clean spans of a rollup.
({start} < toDateTime({from_}) OR {start} >= toDateTime({to}) OR {start} IN ({dirty}))

-- name: dirty_hours
SELECT toUnixTimestamp(hour)
FROM (
    SELECT hour, mark, max(covered) AS is_covered
    FROM dirty_hours
    WHERE namespace = %(namespace)s AND meter_id = %(meter_id)s
      AND hour >= toDateTime(%(from_hour)s) AND hour < toDateTime(%(to_hour)s)
    GROUP BY hour, mark
)
WHERE NOT is_covered
GROUP BY hour
LIMIT %(limit)s
