-- name: sample
-- Hours (or where a day's rollup is picked, days) of random rows: parts by their weight, and a row of each. What is merged
-- away meanwhile yields none.
SELECT DISTINCT namespace, meter_id, toUInt32({seconds}), toUnixTimestamp({start})
FROM {table}
WHERE (_part, _part_offset) IN (
    SELECT name, modulo(rand64(), rows)
    FROM system.parts
    WHERE active AND database = currentDatabase() AND table = '{table}' AND rows > 0
    ORDER BY -log(1 - randCanonical()) / rows
    LIMIT %(count)s
)

-- name: unrest
-- Open marks of the span, and values of records that the sink is not known to be done with.
SELECT 1
FROM dirty_hours
WHERE namespace = %(namespace)s AND meter_id = %(meter_id)s AND hour >= toDateTime(%(start)s) AND hour < toDateTime(%(end)s)
GROUP BY hour, mark
HAVING max(covered) = 0
LIMIT 1
UNION ALL
SELECT 1
FROM meter_values
WHERE namespace = %(namespace)s AND meter_id = %(meter_id)s AND hour >= toDateTime(%(start)s) AND hour < toDateTime(%(end)s)
  AND offset >= %(stored)s[partition + 1]
LIMIT 1

-- name: differences
-- Rows that only one of the readings has: the span as it is kept, and made anew. Written apart from what rolls up.
SELECT count()
FROM (
    SELECT 1
    FROM (
        SELECT subject, group_key, events, total, low, high, latest, latest_version, finalizeAggregation(uniques) AS texts,
               first_at, last_at
        FROM usage_rollups FINAL
        WHERE namespace = %(namespace)s AND meter_id = %(meter_id)s AND seconds = %(seconds)s
          AND start = toDateTime(%(start)s) AND events > 0
        UNION ALL
        {anew}
    )
    GROUP BY subject, group_key, events, total, low, high, latest, latest_version, texts, first_at, last_at
    HAVING count() != 2
)
SETTINGS do_not_merge_across_partitions_select_final = 1

-- name: of_values
SELECT subject, toJSONString(mapSort(group_by)) AS group_key, count() AS events, sum(toDecimal256(value, 18)) AS total,
       min(value), max(value), argMax(value, (time, bitNot(version))), argMax(version, (time, bitNot(version))),
       uniqExactArray(texts), min(time), max(time)
FROM meter_values FINAL
WHERE namespace = %(namespace)s AND meter_id = %(meter_id)s AND hour = toDateTime(%(start)s) AND counts
  AND revision < 8192
GROUP BY subject, group_key

-- name: of_hours
SELECT subject, group_key, sum(events), sum(total), min(low), max(high), argMax(latest, (last_at, bitNot(latest_version))),
       argMax(latest_version, (last_at, bitNot(latest_version))), uniqExactMerge(uniques), min(first_at), max(last_at)
FROM usage_rollups FINAL
WHERE namespace = %(namespace)s AND meter_id = %(meter_id)s AND seconds = 3600 AND start >= toDateTime(%(start)s)
  AND start < toDateTime(%(end)s) AND events > 0
GROUP BY subject, group_key
