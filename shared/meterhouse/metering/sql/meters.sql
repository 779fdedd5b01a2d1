-- name: find
-- Ids are upper-case ULIDs, slugs are lower-case: a text is one or the other.
SELECT * FROM meters
WHERE namespace = %(namespace)s AND deleted_at IS NULL AND (id = %(id_or_slug)s OR slug = %(id_or_slug)s)

-- name: by_ids
SELECT * FROM meters WHERE namespace = %(namespace)s AND id = ANY(%(ids)s)

-- name: since
SELECT * FROM meters WHERE namespace = %(namespace)s AND (deleted_at IS NULL OR deleted_at > %(at)s)

-- name: open_backfill
SELECT 1 FROM meter_backfills
WHERE namespace = %(namespace)s AND meter_id = %(meter_id)s AND revision = %(revision)s AND status <> 'complete'

-- name: live
SELECT * FROM meters WHERE namespace = %(namespace)s AND deleted_at IS NULL

-- name: matching
namespace = %(namespace)s AND (%(include_deleted)s OR deleted_at IS NULL)

-- name: add
INSERT INTO meters (
    namespace, id, slug, name, aggregation, event_type, value_property, group_by, event_from, description, metadata,
    created_at, updated_at
) VALUES (
    %(namespace)s, %(id)s, %(slug)s, %(name)s, %(aggregation)s, %(event_type)s, %(value_property)s, %(group_by)s,
    %(event_from)s, %(description)s, %(metadata)s, %(created_at)s, %(updated_at)s
)
ON CONFLICT (namespace, slug) WHERE deleted_at IS NULL DO NOTHING

-- name: update
UPDATE meters
SET name = %(name)s, description = %(description)s, group_by = %(group_by)s, metadata = %(metadata)s,
    updated_at = %(updated_at)s, deleted_at = %(deleted_at)s, revision = %(revision)s
WHERE namespace = %(namespace)s AND id = %(id)s
