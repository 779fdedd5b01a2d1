-- name: find
-- An archived feature is found by its id alone: its key may be another's by now.
SELECT * FROM features
WHERE namespace = %(namespace)s AND (id = %(id_or_key)s OR (key = %(id_or_key)s AND archived_at IS NULL))
ORDER BY id = %(id_or_key)s DESC
LIMIT 1

-- name: by_keys
SELECT DISTINCT ON (key) * FROM features
WHERE namespace = %(namespace)s AND key = ANY(%(keys)s)
ORDER BY key, archived_at DESC NULLS FIRST, id

-- name: by_ids
SELECT * FROM features WHERE namespace = %(namespace)s AND id = ANY(%(ids)s)

-- name: matching
-- The condition of a list; the adapter puts it behind a count and behind a page.
namespace = %(namespace)s
AND (%(include_archived)s OR archived_at IS NULL)
AND (%(meter_slugs)s::text[] IS NULL OR meter_slug = ANY(%(meter_slugs)s))

-- name: on_meter
SELECT * FROM features WHERE namespace = %(namespace)s AND meter_id = %(meter_id)s ORDER BY id

-- name: costed
SELECT * FROM features
WHERE namespace = %(namespace)s AND meter_id IS NOT NULL AND unit_cost IS NOT NULL
ORDER BY key, created_at, id

-- name: insert
INSERT INTO features (
    namespace, id, key, name, meter_id, meter_slug, filters, unit_cost, metadata, created_at, updated_at
) VALUES (
    %(namespace)s, %(id)s, %(key)s, %(name)s, %(meter_id)s, %(meter_slug)s, %(filters)s, %(unit_cost)s, %(metadata)s,
    %(created_at)s, %(updated_at)s
)
ON CONFLICT (namespace, key) WHERE archived_at IS NULL DO NOTHING

-- name: archive
UPDATE features SET archived_at = %(archived_at)s, updated_at = %(updated_at)s
WHERE namespace = %(namespace)s AND id = %(id)s AND archived_at IS NULL
