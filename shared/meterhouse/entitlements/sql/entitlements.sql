-- name: find
SELECT * FROM entitlement_details WHERE namespace = %(namespace)s AND id = %(id)s

-- name: active
SELECT * FROM entitlement_details
WHERE namespace = %(namespace)s AND customer_id = %(customer_id)s AND feature_key = %(feature_key)s
    AND active_from <= %(at)s AND (active_to IS NULL OR active_to > %(at)s)

-- name: not_over
SELECT * FROM entitlement_details
WHERE namespace = %(namespace)s AND customer_id = %(customer_id)s AND feature_key = %(feature_key)s
    AND (active_to IS NULL OR active_to > greatest(active_from, %(at)s))
ORDER BY active_from, id

-- name: not_over_of_customer
-- A few are enough to tell why the customer stays.
SELECT id, feature_key FROM entitlements
WHERE namespace = %(namespace)s AND customer_id = %(customer_id)s
    AND (active_to IS NULL OR active_to > greatest(active_from, %(at)s))
ORDER BY feature_key, id
LIMIT 10

-- name: matching
-- The condition of a list; the adapter puts it behind a count and behind a page.
namespace = %(namespace)s
AND (%(customer_ids)s::text[] IS NULL OR customer_id = ANY(%(customer_ids)s))
AND (%(features)s::text[] IS NULL OR feature_key = ANY(%(features)s) OR feature_id = ANY(%(features)s))
AND (%(types)s::text[] IS NULL OR type = ANY(%(types)s))
AND (%(include_deleted)s OR deleted_at IS NULL)
AND (%(active_at)s::timestamptz IS NULL
    OR (active_from <= %(active_at)s AND (active_to IS NULL OR active_to > %(active_at)s)))

-- name: add
INSERT INTO entitlements (
    namespace, id, customer_id, feature_id, feature_key, type, active_from, active_to, config, meter_id, cadence,
    anchor, measured_from, preserves_overage, is_soft_limit, issue_amount, issue_priority, changes, managed_by,
    managed_item, metadata, annotations, created_at, updated_at, deleted_at
) VALUES (
    %(namespace)s, %(id)s, %(customer_id)s, %(feature_id)s, %(feature_key)s, %(type)s, %(active_from)s, %(active_to)s,
    %(config)s, %(meter_id)s, %(cadence)s, %(anchor)s, %(measured_from)s, %(preserves_overage)s, %(is_soft_limit)s,
    %(issue_amount)s, %(issue_priority)s, %(changes)s, %(managed_by)s, %(managed_item)s, %(metadata)s,
    %(annotations)s, %(created_at)s, %(updated_at)s, %(deleted_at)s
)

-- name: update
UPDATE entitlements
SET active_to = %(active_to)s, deleted_at = %(deleted_at)s, updated_at = %(updated_at)s, changes = %(changes)s
WHERE namespace = %(namespace)s AND id = %(id)s

-- name: add_reset
INSERT INTO usage_resets (namespace, entitlement_id, at, anchor, preserves_overage, created_at)
VALUES (%(namespace)s, %(entitlement_id)s, %(at)s, %(anchor)s, %(preserves_overage)s, %(created_at)s)

-- name: managed_by
-- All that a subscription ever brought, by its start.
SELECT * FROM entitlement_details
WHERE namespace = %(namespace)s AND managed_by = %(subscription_id)s
ORDER BY active_from, id

-- name: measured_by
SELECT DISTINCT feature_id FROM entitlements
WHERE namespace = %(namespace)s AND feature_id = ANY(%(feature_ids)s) AND meter_id IS NOT NULL
    AND (active_to IS NULL OR active_to > greatest(active_from, %(at)s))
