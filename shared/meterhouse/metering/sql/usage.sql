-- name: usage
-- Usage by window and group; parts come from `rows` and `hours`.
SELECT {window} AS window_start, {groups} AS groups, toString(sum(value)) AS total,
       toUnixTimestamp(min(first_at)) AS first_at, toUnixTimestamp(max(last_at)) AS last_at
FROM ({parts})
GROUP BY window_start, groups
ORDER BY window_start, groups

-- name: rows
-- Values event by event, each identity once: FINAL keeps the first writing of a key.
SELECT time AS at, time AS first_at, time AS last_at, subject, group_by, toDecimal256(value, 18) AS value
FROM meter_values FINAL
WHERE namespace = %(namespace)s AND meter_id = %(meter_id)s
  AND hour >= toDateTime(%(from_hour)s) AND hour < toDateTime(%(to_hour)s)
  AND time >= fromUnixTimestamp64Micro(toInt64(%(from)s)) AND time < fromUnixTimestamp64Micro(toInt64(%(to)s))
  AND counts AND NOT superseded
  {conditions}

-- name: hours
-- Usage of whole clean hours.
SELECT hour AS at, first_at, last_at, subject, group_by, value
FROM usage_hourly FINAL
WHERE namespace = %(namespace)s AND meter_id = %(meter_id)s
  AND hour >= toDateTime(%(from_whole)s) AND hour < toDateTime(%(to_whole)s)
  AND NOT has(%(dirty)s, toUnixTimestamp(hour))
  AND events > 0
  {conditions}

-- name: outside_of_hours
-- What `rows` must read beside `hours`.
(hour < toDateTime(%(from_whole)s) OR hour >= toDateTime(%(to_whole)s) OR hour IN {dirty})

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
