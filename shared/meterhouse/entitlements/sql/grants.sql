-- name: find
SELECT * FROM grants WHERE namespace = %(namespace)s AND id = %(id)s

-- name: of_entitlement
SELECT * FROM grants WHERE namespace = %(namespace)s AND entitlement_id = %(entitlement_id)s ORDER BY id

-- name: matching
-- The condition of a list; the adapter puts it behind a count and behind a page.
namespace = %(namespace)s
AND (%(entitlement_id)s::text IS NULL OR entitlement_id = %(entitlement_id)s)
AND (%(include_deleted)s OR voided_at IS NULL OR voided_at > %(at)s)
AND EXISTS (
    SELECT FROM entitlements e
    WHERE e.namespace = grants.namespace AND e.id = grants.entitlement_id
        AND (%(include_deleted)s OR e.deleted_at IS NULL)
        AND (%(customer_ids)s::text[] IS NULL OR e.customer_id = ANY(%(customer_ids)s))
        AND (%(features)s::text[] IS NULL OR e.feature_key = ANY(%(features)s) OR e.feature_id = ANY(%(features)s))
)

-- name: add
INSERT INTO grants (
    namespace, id, entitlement_id, amount, priority, effective_at, expires_at, expiration, recurrence_cadence,
    recurrence_anchor, min_rollover, max_rollover, voided_at, metadata, annotations, created_at, updated_at
) VALUES (
    %(namespace)s, %(id)s, %(entitlement_id)s, %(amount)s, %(priority)s, %(effective_at)s, %(expires_at)s,
    %(expiration)s, %(recurrence_cadence)s, %(recurrence_anchor)s, %(min_rollover)s, %(max_rollover)s, %(voided_at)s,
    %(metadata)s, %(annotations)s, %(created_at)s, %(updated_at)s
)

-- name: void
UPDATE grants SET voided_at = %(voided_at)s, updated_at = %(updated_at)s
WHERE namespace = %(namespace)s AND id = %(id)s
