-- name: mark
INSERT INTO late_usage (namespace, meter_id, subject, earliest)
SELECT %(namespace)s, meter_id, subject, earliest
FROM unnest(%(meter_ids)s::text[], %(subjects)s::text[], %(earliest)s::timestamptz[]) AS late (meter_id, subject, earliest)

-- name: forget
-- Some of those that nobody may need any more; never waits for another sink that forgets the same.
DELETE FROM late_usage WHERE (namespace, meter_id, subject, id) IN (
    SELECT namespace, meter_id, subject, id FROM late_usage
    WHERE namespace = %(namespace)s AND marked_at < now() - interval '40 days'
    LIMIT 1000
    FOR UPDATE SKIP LOCKED
)

-- name: marks_of
SELECT meter_id, subject, min(earliest) AS earliest, max(marked_at) AS marked_at FROM late_usage
WHERE namespace = %(namespace)s AND subject = ANY(%(subjects)s)
GROUP BY meter_id, subject
