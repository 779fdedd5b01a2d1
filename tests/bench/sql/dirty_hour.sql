-- name: now
SELECT toUnixTimestamp64Micro(now64(6))

-- name: recomputed
-- Each subject's first hour, then each subject's first day, of rows that were written since.
SELECT toString(sum(total))
FROM usage_rollups FINAL
WHERE start = toDateTime(%(start)s) AND toUnixTimestamp64Micro(rolled_at) > %(before)s
GROUP BY seconds, subject
ORDER BY seconds, subject
