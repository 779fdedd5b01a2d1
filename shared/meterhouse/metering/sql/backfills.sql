-- name: add
INSERT INTO meter_backfills (namespace, meter_id, revision, status, read_events, total_events, steps, created_at, stepped_at)
VALUES (%(namespace)s, %(meter_id)s, %(revision)s, %(status)s, 0, 0, 0, %(at)s, %(at)s)
ON CONFLICT DO NOTHING

-- name: give_up
-- A later reading of the meter makes the earlier ones pointless.
DELETE FROM meter_backfills
WHERE namespace = %(namespace)s AND meter_id = %(meter_id)s AND revision < %(revision)s AND status <> 'complete'

-- name: find
SELECT * FROM meter_backfills
WHERE namespace = %(namespace)s AND meter_id = %(meter_id)s AND revision = %(revision)s

-- name: latest
SELECT * FROM meter_backfills
WHERE namespace = %(namespace)s AND meter_id = %(meter_id)s
ORDER BY revision DESC
LIMIT 1

-- name: save
UPDATE meter_backfills
SET status = %(status)s, read_events = %(read_events)s, total_events = %(total_events)s, cursor = %(cursor)s,
    steps = %(steps)s, started_at = %(started_at)s, stepped_at = %(stepped_at)s, finished_at = %(finished_at)s,
    problem = %(problem)s
WHERE namespace = %(namespace)s AND meter_id = %(meter_id)s AND revision = %(revision)s

-- name: take_stalled
-- Each is taken once a while, by one of those that look.
UPDATE meter_backfills b SET stepped_at = %(at)s
FROM (
    SELECT meter_id, revision FROM meter_backfills
    WHERE namespace = %(namespace)s
        AND (status IN ('pending', 'running') AND stepped_at < %(stalled)s OR status = 'failed' AND stepped_at < %(failed)s)
    FOR UPDATE SKIP LOCKED
) stalled
JOIN meters m ON m.namespace = %(namespace)s AND m.id = stalled.meter_id
WHERE b.namespace = %(namespace)s AND b.meter_id = stalled.meter_id AND b.revision = stalled.revision
RETURNING b.meter_id, b.revision, m.slug
