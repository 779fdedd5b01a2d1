-- name: find
-- Locked: of two that settle or release it at once the second sees what the first did.
SELECT r.*, r.data::text AS data FROM reservations r
JOIN entitlements e ON e.namespace = r.namespace AND e.id = r.entitlement_id
WHERE r.namespace = %(namespace)s AND r.id = %(id)s AND e.feature_key = %(feature_key)s
    AND r.customer_id = ANY(ARRAY[
        %(customer)s,
        (SELECT customer_id FROM customer_subjects WHERE namespace = %(namespace)s AND subject = %(customer)s AND is_key)
    ])
FOR NO KEY UPDATE OF r

-- name: count
SELECT count(*) FROM reservations r
JOIN entitlements e ON e.namespace = r.namespace AND e.id = r.entitlement_id
WHERE {matching}

-- name: matching
-- The condition of a list; the adapter puts it behind a count and behind a page. The state is that at an instant.
r.namespace = %(namespace)s AND r.customer_id = %(customer_id)s AND e.feature_key = %(feature_key)s
AND (%(states)s::text[] IS NULL OR CASE
    WHEN r.settled_at IS NOT NULL THEN 'settled'
    WHEN r.released_at IS NOT NULL THEN 'released'
    WHEN r.expires_at > %(at)s THEN 'open'
    ELSE 'expired'
END = ANY(%(states)s))

-- name: page
SELECT r.*, r.data::text AS data FROM reservations r
JOIN entitlements e ON e.namespace = r.namespace AND e.id = r.entitlement_id
WHERE {matching}
ORDER BY r.created_at DESC, r.id DESC
LIMIT %(limit)s OFFSET %(offset)s

-- name: add
INSERT INTO reservations (
    namespace, id, entitlement_id, customer_id, amount, subject, expires_at, created_at, metadata
) VALUES (
    %(namespace)s, %(id)s, %(entitlement_id)s, %(customer_id)s, %(amount)s, %(subject)s, %(expires_at)s, %(created_at)s,
    %(metadata)s
)

-- name: update
UPDATE reservations SET
    settled_amount = %(settled_amount)s, settled_at = %(settled_at)s, subject = %(subject)s, data = %(data)s,
    released_at = %(released_at)s, counted_at = %(counted_at)s
WHERE namespace = %(namespace)s AND id = %(id)s
