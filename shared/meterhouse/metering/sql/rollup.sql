-- name: dirty_hours
-- Hours with marks that are not covered, those marked longest ago first: no namespace waits behind another's many hours.
SELECT namespace, meter_id, toUnixTimestamp(hour), groupArray(mark)
FROM (
    SELECT namespace, meter_id, hour, mark, max(covered) AS is_covered, min(at) AS marked_at
    FROM dirty_hours
    WHERE NOT startsWith(mark, 'erasing ')
    GROUP BY namespace, meter_id, hour, mark
)
WHERE NOT is_covered
GROUP BY namespace, meter_id, hour
ORDER BY min(marked_at), namespace, meter_id, hour
LIMIT %(limit)s

-- name: now
SELECT toUnixTimestamp64Micro(now64(6))

-- name: recompute
-- Spans of %(seconds)s anew from `source`. Groups that a span lost since its last recomputation get rows without events.
INSERT INTO usage_rollups (
    namespace, meter_id, seconds, subject, start, group_by, events, total, low, high, latest, latest_version, uniques,
    first_at, last_at, rolled_at
)
SELECT
    namespace, meter_id, toUInt32(%(seconds)s), subject, begin, mapSort(group_by) AS groups, sum(events) AS n, sum(total),
    minIf(low, events > 0), maxIf(high, events > 0),
    -- one wide number for (last_at, bitNot(latest_version)): tuples are compared ten times slower
    argMaxIf(latest, bitShiftLeft(toUInt256(toUnixTimestamp64Micro(last_at)), 128) + bitNot(latest_version), events > 0),
    argMaxIf(latest_version, bitShiftLeft(toUInt256(toUnixTimestamp64Micro(last_at)), 128) + bitNot(latest_version),
             events > 0),
    {uniques},
    minIf(first_at, events > 0), maxIf(last_at, events > 0), fromUnixTimestamp64Micro(toInt64(%(rolled_at)s))
FROM (
    {source}
    UNION ALL
    SELECT namespace, meter_id, subject, start AS begin, group_by, 0 AS events, toDecimal256(0, 18) AS total, low, high,
           latest, latest_version, {no_texts} AS texts, first_at, last_at
    FROM usage_rollups FINAL
    WHERE namespace = %(namespace)s AND meter_id = %(meter_id)s AND seconds = %(seconds)s AND start IN %(starts)s
      AND usage_rollups.events > 0
)
GROUP BY namespace, meter_id, subject, begin, groups
SETTINGS max_partitions_per_insert_block = 0, do_not_merge_across_partitions_select_final = 1

-- name: of_values
-- Hours come from the values, but the twins of an erasure: for whom they count reads the values, for their hours are marked.
SELECT namespace, meter_id, subject, hour AS begin, group_by, toUInt64(1) AS events, toDecimal256(value, 18) AS total,
       value AS low, value AS high, value AS latest, version AS latest_version,
       texts, time AS first_at, time AS last_at
FROM meter_values FINAL
PREWHERE namespace = %(namespace)s AND meter_id = %(meter_id)s AND hour IN %(starts)s
WHERE counts AND revision < 8192

-- name: of_hours
-- Days come from the hours.
SELECT namespace, meter_id, subject, toStartOfDay(start) AS begin, group_by, usage_rollups.events AS events,
       usage_rollups.total AS total, low, high, latest, latest_version, uniques AS texts, first_at, last_at
FROM usage_rollups FINAL
WHERE namespace = %(namespace)s AND meter_id = %(meter_id)s AND seconds = 3600 AND usage_rollups.events > 0
  AND toStartOfDay(start) IN %(starts)s
