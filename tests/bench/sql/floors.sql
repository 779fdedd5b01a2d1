-- name: one_subject
-- What the same question costs by the key alone: later writings count, too.
SELECT toUnixTimestamp(hour) AS window_start, toString(sum(value))
FROM meter_values
WHERE namespace = 'bench' AND meter_id = %(meter_id)s AND subject = %(subject)s
  AND hour >= toDateTime(%(from)s) AND hour < toDateTime(%(to)s)
GROUP BY window_start
ORDER BY window_start

-- name: totals
SELECT subject, toString(sum(value))
FROM meter_values
WHERE namespace = 'bench' AND meter_id = %(meter_id)s
  AND hour >= toDateTime(%(from)s) AND hour < toDateTime(%(to)s)
GROUP BY subject
ORDER BY subject

-- name: hours
SELECT toUnixTimestamp(hour) AS window_start, subject, toString(sum(value))
FROM meter_values
WHERE namespace = 'bench' AND meter_id = %(meter_id)s
  AND hour >= toDateTime(%(from)s) AND hour < toDateTime(%(to)s)
GROUP BY window_start, subject
ORDER BY window_start, subject
