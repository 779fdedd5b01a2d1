-- name: by_ids
SELECT * FROM notification_channels WHERE namespace = %(namespace)s AND id = ANY(%(ids)s)

-- name: matching
notification_channels WHERE namespace = %(namespace)s
    AND (%(include_deleted)s OR deleted_at IS NULL)
    AND (%(include_disabled)s OR NOT disabled)

-- name: add
INSERT INTO notification_channels (
    namespace, id, type, name, disabled, disabled_reason, metadata, config, created_at, updated_at, deleted_at
) VALUES (
    %(namespace)s, %(id)s, %(type)s, %(name)s, %(disabled)s, %(disabled_reason)s, %(metadata)s, %(config)s,
    %(created_at)s, %(updated_at)s, %(deleted_at)s
)

-- name: save
UPDATE notification_channels SET
    type = %(type)s, name = %(name)s, disabled = %(disabled)s, disabled_reason = %(disabled_reason)s,
    metadata = %(metadata)s, config = %(config)s, updated_at = %(updated_at)s, deleted_at = %(deleted_at)s
WHERE namespace = %(namespace)s AND id = %(id)s
