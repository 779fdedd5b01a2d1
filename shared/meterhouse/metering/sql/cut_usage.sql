-- name: parts
-- Usage of each part; a row's part is the last one of its query that does not begin later.
SELECT roundDown(toUInt64({asked}) * 4294967296 + toUnixTimestamp(at), {starts}) AS part, {total} AS total,
       {events} AS events
FROM ({parts})
GROUP BY part

-- name: unique_parts
-- Distinct texts from the beginning of the part's period to its own end.
SELECT part, toString(uniqExactMerge(texts) OVER (PARTITION BY roundDown(part, {periods}) ORDER BY part)) AS total,
       {events} AS events
FROM (
    SELECT roundDown(toUInt64({asked}) * 4294967296 + toUnixTimestamp(at), {starts}) AS part,
           uniqExactMergeState(value) AS texts
    FROM ({parts})
    GROUP BY part
)

-- name: dirty_hours
SELECT meter_id, toUnixTimestamp(hour)
FROM (
    SELECT meter_id, hour, mark, max(covered) AS is_covered
    FROM dirty_hours
    WHERE namespace = %(namespace)s AND (
      {meters}
    )
    GROUP BY meter_id, hour, mark
)
WHERE NOT is_covered
GROUP BY meter_id, hour
LIMIT %(limit)s BY meter_id

-- name: hours_of
(meter_id = {meter_id} AND hour >= toDateTime({from_hour}) AND hour < toDateTime({to_hour}))
