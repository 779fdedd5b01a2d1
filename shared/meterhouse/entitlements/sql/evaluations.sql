-- name: of_usage
-- Entitlements, not over yet, whose balance the usage of these subjects by these meters moves.
SELECT used.subject, used.meter_id, e.id
FROM unnest(%(subjects)s::text[], %(meter_ids)s::text[]) AS used (subject, meter_id)
JOIN customer_subjects c ON c.namespace = %(namespace)s AND c.subject = used.subject
JOIN entitlements e ON e.namespace = c.namespace AND e.customer_id = c.customer_id AND e.meter_id = used.meter_id
WHERE e.active_to IS NULL OR e.active_to > %(at)s

-- name: of_customers
SELECT customer_id, id FROM entitlements
WHERE namespace = %(namespace)s AND customer_id = ANY(%(customer_ids)s)
    AND (active_to IS NULL OR active_to > %(at)s)

-- name: last
SELECT * FROM balance_evaluations
WHERE namespace = %(namespace)s AND entitlement_id = ANY(%(ids)s)

-- name: crossings
-- Of each entitlement those of the usage period that is given for it.
SELECT c.* FROM unnest(%(ids)s::text[], %(period_starts)s::timestamptz[]) AS wanted (entitlement_id, period_start)
JOIN threshold_crossings c USING (entitlement_id, period_start)
WHERE c.namespace = %(namespace)s
ORDER BY c.crossed_at, c.threshold, c.nth

-- name: save
INSERT INTO balance_evaluations (namespace, entitlement_id, told, digest, evaluated_at, due_at)
VALUES (%(namespace)s, %(entitlement_id)s, %(told)s, %(digest)s, %(evaluated_at)s, %(due_at)s)
ON CONFLICT (namespace, entitlement_id) DO UPDATE SET
    told = excluded.told, digest = excluded.digest, evaluated_at = excluded.evaluated_at, due_at = excluded.due_at

-- name: begin_crossing
INSERT INTO threshold_crossings (namespace, entitlement_id, period_start, threshold, nth, crossed_at)
VALUES (%(namespace)s, %(entitlement_id)s, %(period_start)s, %(threshold)s, %(nth)s, %(crossed_at)s)

-- name: end_crossing
UPDATE threshold_crossings SET ended_at = %(ended_at)s
WHERE namespace = %(namespace)s AND entitlement_id = %(entitlement_id)s AND period_start = %(period_start)s
    AND threshold = %(threshold)s AND nth = %(nth)s

-- name: uncounted
-- Settled reservations whose usage was not seen to be counted yet.
SELECT r.*, r.data::text AS data, e.meter_id FROM reservations r
JOIN entitlements e ON e.namespace = r.namespace AND e.id = r.entitlement_id
WHERE r.namespace = %(namespace)s AND r.entitlement_id = ANY(%(ids)s)
    AND r.settled_at IS NOT NULL AND r.counted_at IS NULL
ORDER BY r.settled_at, r.id

-- name: count_in
UPDATE reservations SET counted_at = %(at)s
WHERE namespace = %(namespace)s AND id = ANY(%(ids)s) AND counted_at IS NULL

-- name: sent
UPDATE reservations SET sent_at = %(at)s WHERE namespace = %(namespace)s AND id = ANY(%(ids)s)

-- name: take_due
-- Looked at again when nobody evaluated them meanwhile. SKIP LOCKED: two sweeps at once share the work.
UPDATE balance_evaluations SET due_at = %(again_at)s
WHERE namespace = %(namespace)s AND entitlement_id = ANY(ARRAY(
    SELECT entitlement_id FROM balance_evaluations
    WHERE namespace = %(namespace)s AND due_at <= %(at)s
    ORDER BY due_at
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
))
RETURNING entitlement_id
