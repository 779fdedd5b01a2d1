-- name: by_ids
SELECT * FROM notification_rules WHERE namespace = %(namespace)s AND id = ANY(%(ids)s)

-- name: active
SELECT * FROM notification_rules
WHERE namespace = %(namespace)s AND type = ANY(%(types)s) AND deleted_at IS NULL AND NOT disabled
ORDER BY created_at, id

-- name: of_channel
SELECT id FROM notification_rules
WHERE namespace = %(namespace)s AND %(channel_id)s = ANY(channel_ids) AND deleted_at IS NULL
ORDER BY created_at, id

-- name: matching
notification_rules WHERE namespace = %(namespace)s
    AND (%(include_deleted)s OR deleted_at IS NULL)
    AND (%(include_disabled)s OR NOT disabled)
    AND (%(channels)s::text[] IS NULL OR channel_ids && %(channels)s)
    AND (%(features)s::text[] IS NULL OR EXISTS (
        SELECT FROM jsonb_array_elements(features) AS feature
        WHERE feature ->> 'id' = ANY(%(features)s) OR feature ->> 'key' = ANY(%(features)s)
    ))

-- name: add
INSERT INTO notification_rules (
    namespace, id, type, name, disabled, metadata, channel_ids, thresholds, features, since, created_at,
    updated_at, deleted_at
) VALUES (
    %(namespace)s, %(id)s, %(type)s, %(name)s, %(disabled)s, %(metadata)s, %(channel_ids)s, %(thresholds)s,
    %(features)s, %(since)s, %(created_at)s, %(updated_at)s, %(deleted_at)s
)

-- name: save
UPDATE notification_rules SET
    name = %(name)s, disabled = %(disabled)s, metadata = %(metadata)s, channel_ids = %(channel_ids)s,
    thresholds = %(thresholds)s, features = %(features)s, since = %(since)s, updated_at = %(updated_at)s,
    deleted_at = %(deleted_at)s
WHERE namespace = %(namespace)s AND id = %(id)s
