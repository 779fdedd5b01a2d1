-- name: find_apps
SELECT * FROM apps WHERE namespace = %(namespace)s AND id = ANY(%(ids)s)

-- name: apps_of_type
SELECT * FROM apps
WHERE namespace = %(namespace)s AND type = %(type)s AND deleted_at IS NULL
ORDER BY created_at, id

-- name: live
apps WHERE namespace = %(namespace)s AND deleted_at IS NULL

-- name: add_app
INSERT INTO apps (
    namespace, id, type, name, description, metadata, status, config, created_at, updated_at, deleted_at
) VALUES (
    %(namespace)s, %(id)s, %(type)s, %(name)s, %(description)s, %(metadata)s, %(status)s, %(config)s,
    %(created_at)s, %(updated_at)s, %(deleted_at)s
) ON CONFLICT DO NOTHING

-- name: save_app
UPDATE apps SET
    name = %(name)s, description = %(description)s, metadata = %(metadata)s, status = %(status)s,
    config = %(config)s, updated_at = %(updated_at)s, deleted_at = %(deleted_at)s
WHERE namespace = %(namespace)s AND id = %(id)s

-- name: refuse_app
-- Only as it was read: a key that was put in its place since may be taken.
UPDATE apps SET status = 'unauthorized', updated_at = %(at)s
WHERE namespace = %(namespace)s AND id = %(id)s AND updated_at = %(read_at)s AND status = 'ready' AND deleted_at IS NULL
