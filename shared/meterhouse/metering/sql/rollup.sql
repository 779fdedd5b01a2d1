-- name: dirty_hours
-- Hours with marks that are not covered.
SELECT namespace, meter_id, toUnixTimestamp(hour), groupArray(mark)
FROM (
    SELECT namespace, meter_id, hour, mark, max(covered) AS is_covered
    FROM dirty_hours
    GROUP BY namespace, meter_id, hour, mark
)
WHERE NOT is_covered
GROUP BY namespace, meter_id, hour
ORDER BY namespace, meter_id, hour
LIMIT %(limit)s

-- name: now
SELECT toUnixTimestamp64Micro(now64(6))

-- name: recompute
-- Groups that an hour lost since its last recomputation get rows without events.
INSERT INTO usage_hourly (
    namespace, meter_id, subject, hour, group_by, value, events, first_at, last_at, rolled_at
)
SELECT
    namespace, meter_id, subject, hour, mapSort(group_by) AS groups, sum(one_value), sum(one),
    minIf(first, one > 0), maxIf(last, one > 0), fromUnixTimestamp64Micro(toInt64(%(rolled_at)s))
FROM (
    SELECT namespace, meter_id, subject, hour, group_by, toDecimal256(value, 18) AS one_value, 1 AS one,
           time AS first, time AS last
    FROM meter_values FINAL
    WHERE namespace = %(namespace)s AND meter_id = %(meter_id)s AND hour IN %(hours)s AND counts AND NOT superseded
    UNION ALL
    SELECT namespace, meter_id, subject, hour, group_by, toDecimal256(0, 18), 0, first_at, last_at
    FROM usage_hourly FINAL
    WHERE namespace = %(namespace)s AND meter_id = %(meter_id)s AND hour IN %(hours)s AND events > 0
)
GROUP BY namespace, meter_id, subject, hour, groups
SETTINGS max_partitions_per_insert_block = 0, do_not_merge_across_partitions_select_final = 1
