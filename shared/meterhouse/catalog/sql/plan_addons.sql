-- name: of_plans
SELECT * FROM plan_addons
WHERE namespace = %(namespace)s AND plan_id = ANY(%(plan_ids)s) AND deleted_at IS NULL
ORDER BY plan_id, created_at, id

-- name: find
SELECT * FROM plan_addons
WHERE namespace = %(namespace)s AND plan_id = %(plan_id)s AND addon_id = %(addon_id)s AND deleted_at IS NULL

-- name: of_key
SELECT * FROM plan_addon_versions
WHERE namespace = %(namespace)s AND plan_id = %(plan_id)s AND key = %(key)s AND deleted_at IS NULL
ORDER BY version DESC
LIMIT 1

-- name: was_sold
SELECT 1 AS one FROM plan_addons
WHERE namespace = %(namespace)s AND plan_id = %(plan_id)s AND addon_id = %(addon_id)s AND deleted_at IS NOT NULL
LIMIT 1

-- name: plans_with
SELECT plans.* FROM plans
JOIN plan_addons ON plan_addons.namespace = plans.namespace AND plan_addons.plan_id = plans.id
WHERE plans.namespace = %(namespace)s AND plan_addons.addon_id = %(addon_id)s AND plan_addons.deleted_at IS NULL
    AND plans.deleted_at IS NULL AND (plans.effective_to IS NULL OR plans.effective_to > %(at)s)
ORDER BY plans.key, plans.version

-- name: matching
-- The condition of a list; see `versions.sql`.
namespace = %(namespace)s AND plan_id = %(plan_id)s
AND (%(include_deleted)s OR deleted_at IS NULL)
AND (
    (%(ids)s::text[] IS NULL AND %(keys)s::text[] IS NULL AND %(version_keys)s::text[] IS NULL)
    OR addon_id = ANY(%(ids)s::text[])
    OR key = ANY(%(keys)s::text[])
    OR (key, version) IN (SELECT * FROM unnest(%(version_keys)s::text[], %(versions)s::integer[]))
)

-- name: insert
INSERT INTO plan_addons (
    namespace, id, plan_id, addon_id, from_plan_phase, max_quantity, metadata, created_at, updated_at
) VALUES (
    %(namespace)s, %(id)s, %(plan_id)s, %(addon_id)s, %(from_plan_phase)s, %(max_quantity)s, %(metadata)s,
    %(created_at)s, %(updated_at)s
)
ON CONFLICT (namespace, plan_id, addon_id) WHERE deleted_at IS NULL DO NOTHING

-- name: update
UPDATE plan_addons SET
    from_plan_phase = %(from_plan_phase)s, max_quantity = %(max_quantity)s, metadata = %(metadata)s,
    updated_at = %(updated_at)s, deleted_at = %(deleted_at)s
WHERE namespace = %(namespace)s AND id = %(id)s
