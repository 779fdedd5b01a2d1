-- name: counted
-- All conditions are on the key, which the writings of an event share: FINAL keeps the first, superseded or not.
SELECT id FROM meter_values FINAL
PREWHERE namespace = %(namespace)s AND meter_id = %(meter_id)s AND has(%(subjects)s, subject)
  AND has(%(hours)s, toUnixTimestamp(hour)) AND source = %(source)s AND has(%(ids)s, id)
WHERE counts
