-- name: standings
-- What balances follow from but usage, and whose they are: a document for each customer, entitlement, feature and meter.
-- The one statement of a check, so it reads tables of the rooms below as well. Numbers are told as text: every digit.
WITH whose AS MATERIALIZED (
    {whose}
), chosen AS MATERIALIZED (
    SELECT e.* FROM entitlement_details e
    WHERE e.namespace = %(namespace)s AND e.customer_id IN (SELECT customer_id FROM whose) AND ({chosen})
)
SELECT 'customer' AS kind, to_jsonb(c) - 'namespace' AS document, to_jsonb(w.matched) AS more
FROM whose w JOIN customers c ON c.namespace = %(namespace)s AND c.id = w.customer_id
UNION ALL
SELECT 'meter', to_jsonb(m) - 'namespace', to_jsonb(NOT EXISTS (
    SELECT FROM meter_backfills b
    WHERE b.namespace = m.namespace AND b.meter_id = m.id AND b.revision = m.revision AND b.status <> 'complete'
))
FROM meters m WHERE m.namespace = %(namespace)s AND m.id IN (SELECT meter_id FROM chosen)
UNION ALL
SELECT 'feature', jsonb_build_object('id', f.id, 'key', f.key, 'filters', f.filters), NULL
FROM features f
WHERE f.namespace = %(namespace)s AND (
    f.id IN (SELECT feature_id FROM chosen) OR (f.key = ANY(%(feature_keys)s::text[]) AND f.archived_at IS NULL)
)
UNION ALL
SELECT 'entitlement', to_jsonb(e) - 'namespace' || jsonb_build_object('issue_amount', e.issue_amount::text), CASE
    WHEN e.meter_id IS NOT NULL THEN jsonb_build_object(
        'subjects', its.subjects,
        'grants', (
            SELECT coalesce(jsonb_agg(to_jsonb(g) - 'namespace' || jsonb_build_object(
                'amount', g.amount::text, 'min_rollover', g.min_rollover::text, 'max_rollover', g.max_rollover::text
            )), '[]')
            FROM grants g WHERE g.namespace = e.namespace AND g.entitlement_id = e.id
        ),
        'holds', (
            SELECT coalesce(jsonb_agg(jsonb_build_object(
                'id', r.id, 'amount', r.amount::text, 'created_at', r.created_at, 'expires_at', r.expires_at,
                'settled_amount', r.settled_amount::text, 'settled_at', r.settled_at
            )), '[]')
            FROM (
                SELECT * FROM reservations
                WHERE namespace = e.namespace AND entitlement_id = e.id
                    AND settled_at IS NULL AND released_at IS NULL AND expires_at > %(at)s
                UNION ALL
                SELECT * FROM reservations
                WHERE namespace = e.namespace AND entitlement_id = e.id
                    AND settled_at IS NOT NULL AND counted_at IS NULL
            ) r
        ),
        'basis', its.basis,
        'seen', (
            SELECT coalesce(max(latest.id), 0) FROM unnest(its.subjects) AS own (subject), LATERAL (
                SELECT l.id FROM late_usage l
                WHERE l.namespace = e.namespace AND l.meter_id = e.meter_id AND l.subject = own.subject
                ORDER BY l.id DESC
                LIMIT 1
            ) latest
        ),
        'read_at', now(),
        'snapshot', (
            SELECT s.state FROM balance_snapshots s
            WHERE s.namespace = e.namespace AND s.entitlement_id = e.id AND s.at <= %(until)s
                AND s.changes = e.changes AND s.basis = its.basis AND s.recorded_at > now() - interval '7 days'
                AND NOT EXISTS (
                    SELECT FROM late_usage l
                    WHERE l.namespace = e.namespace AND l.meter_id = e.meter_id AND l.subject = ANY(its.subjects)
                        AND l.id > s.late_mark AND l.earliest < s.at
                )
            ORDER BY s.at DESC
            LIMIT 1
        )
    )
END
FROM chosen e
LEFT JOIN LATERAL (
    SELECT own.subjects, md5(jsonb_build_array(
        %(engine)s::integer, m.id, m.revision, m.aggregation, m.event_from, f.filters, own.subjects
    )::text) AS basis
    FROM meters m, features f, LATERAL (
        SELECT ARRAY(
            SELECT s.subject FROM customer_subjects s
            WHERE s.namespace = e.namespace AND s.customer_id = e.customer_id
            ORDER BY NOT s.is_key, s.subject
        ) AS subjects
    ) own
    WHERE m.namespace = e.namespace AND m.id = e.meter_id AND f.namespace = e.namespace AND f.id = e.feature_id
) its ON true

-- name: of_customer
-- An id goes before a key of the same text.
SELECT c.id AS customer_id, ARRAY[%(name)s::text] AS matched FROM customers c
WHERE c.namespace = %(namespace)s AND c.deleted_at IS NULL AND c.id = ANY(ARRAY[
    %(name)s,
    (SELECT s.customer_id FROM customer_subjects s
     WHERE s.namespace = %(namespace)s AND s.subject = %(name)s AND s.is_key)
])
ORDER BY c.id = %(name)s DESC
LIMIT 1

-- name: of_subject
-- Named by the id or key of a subject, or by any subject whose usage is a customer's. The name is looked up by itself: PostgreSQL
-- takes a coalesce in a condition for leaky, checks it after row level security, and uses no index for it.
WITH named AS MATERIALIZED (
    SELECT coalesce((
        SELECT key FROM subjects
        WHERE namespace = %(namespace)s AND deleted_at IS NULL AND (id = %(name)s OR key = %(name)s)
        ORDER BY id = %(name)s DESC
        LIMIT 1
    ), %(name)s) AS subject
)
SELECT s.customer_id, ARRAY[%(name)s::text] AS matched
FROM named JOIN customer_subjects s ON s.namespace = %(namespace)s AND s.subject = named.subject

-- name: of_subjects
-- Named by keys and subjects, which share one key space.
SELECT s.customer_id, array_agg(s.subject ORDER BY asked.place) AS matched
FROM unnest(%(names)s::text[]) WITH ORDINALITY AS asked (subject, place)
JOIN customer_subjects s ON s.namespace = %(namespace)s AND s.subject = asked.subject
GROUP BY s.customer_id

-- name: of_entitlements
SELECT DISTINCT customer_id, ARRAY[]::text[] AS matched FROM entitlements
WHERE namespace = %(namespace)s AND id = ANY(%(ids)s)

-- name: these
e.id = ANY(%(ids)s)

-- name: active
(%(feature_keys)s::text[] IS NULL OR e.feature_key = ANY(%(feature_keys)s))
AND e.active_from <= %(at)s AND (e.active_to IS NULL OR e.active_to > %(at)s)

-- name: named
-- Of a key also what is not active at the instant, as long as it is not over: it gives no access then.
e.id = %(entitlement)s OR (e.feature_key = %(entitlement)s AND (
    (e.active_from <= %(at)s AND (e.active_to IS NULL OR e.active_to > %(at)s))
    OR e.active_to IS NULL OR e.active_to > greatest(e.active_from, %(now)s)
))

-- name: keep
-- Only while nothing changed the entitlement since; of two at one instant the one that was read later stays.
INSERT INTO balance_snapshots (namespace, entitlement_id, at, changes, basis, late_mark, state, recorded_at)
SELECT namespace, id, %(at)s, changes, %(basis)s, %(late_mark)s, %(state)s, %(recorded_at)s
FROM entitlements WHERE namespace = %(namespace)s AND id = %(entitlement_id)s AND changes = %(changes)s
ON CONFLICT (namespace, entitlement_id, at) DO UPDATE SET
    changes = excluded.changes, basis = excluded.basis, late_mark = excluded.late_mark, state = excluded.state,
    recorded_at = excluded.recorded_at
WHERE balance_snapshots.recorded_at < excluded.recorded_at

-- name: tidy
-- The latest few stay: what is asked of the past begins at one of them.
DELETE FROM balance_snapshots s
WHERE s.namespace = %(namespace)s AND s.entitlement_id = ANY(%(entitlement_ids)s) AND (
    s.recorded_at < now() - interval '7 days'
    OR (SELECT count(*) FROM balance_snapshots later
        WHERE later.namespace = s.namespace AND later.entitlement_id = s.entitlement_id AND later.at > s.at) >= 5
)
