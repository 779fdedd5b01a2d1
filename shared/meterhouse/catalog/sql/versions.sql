-- name: find
SELECT * FROM {table} WHERE namespace = %(namespace)s AND id = %(id)s

-- name: by_ids
SELECT * FROM {table} WHERE namespace = %(namespace)s AND id = ANY(%(ids)s)

-- name: version
SELECT * FROM {table}
WHERE namespace = %(namespace)s AND key = %(key)s AND version = %(version)s AND deleted_at IS NULL

-- name: on_sale
SELECT * FROM {table}
WHERE namespace = %(namespace)s AND key = %(key)s AND deleted_at IS NULL
    AND effective_from <= %(at)s AND (effective_to IS NULL OR effective_to > %(at)s)
ORDER BY version DESC
LIMIT 1

-- name: latest
SELECT * FROM {table}
WHERE namespace = %(namespace)s AND key = %(key)s AND deleted_at IS NULL
ORDER BY version DESC
LIMIT 1

-- name: draft
SELECT * FROM {table}
WHERE namespace = %(namespace)s AND key = %(key)s AND deleted_at IS NULL AND effective_from IS NULL

-- name: last_version
SELECT coalesce(max(version), 0) AS version FROM {table} WHERE namespace = %(namespace)s AND key = %(key)s

-- name: selling
SELECT * FROM {table}
WHERE namespace = %(namespace)s AND deleted_at IS NULL
    AND effective_from IS NOT NULL AND (effective_to IS NULL OR effective_to > %(at)s)
    AND jsonb_path_exists(
        {column}, '{path} ? (@.feature_key == $key)', jsonb_build_object('key', %(feature_key)s::text)
    )
ORDER BY key, version

-- name: matching
-- The condition of a list; the adapter puts it behind a count and behind a page. An id, a key or a key's version: any
-- of what is given.
namespace = %(namespace)s
AND (%(include_deleted)s OR deleted_at IS NULL)
AND (
    (%(ids)s::text[] IS NULL AND %(keys)s::text[] IS NULL AND %(version_keys)s::text[] IS NULL)
    OR id = ANY(%(ids)s::text[])
    OR key = ANY(%(keys)s::text[])
    OR (key, version) IN (SELECT * FROM unnest(%(version_keys)s::text[], %(versions)s::integer[]))
)
AND (%(currencies)s::text[] IS NULL OR currency = ANY(%(currencies)s))
AND (%(statuses)s::text[] IS NULL OR CASE
    WHEN effective_from IS NULL THEN 'draft'
    WHEN effective_to <= %(at)s THEN 'archived'
    WHEN effective_from <= %(at)s THEN 'active'
    ELSE 'scheduled'
END = ANY(%(statuses)s))
