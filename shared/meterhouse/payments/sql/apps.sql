-- name: find_apps
SELECT * FROM apps WHERE namespace = %(namespace)s AND id = ANY(%(ids)s)

-- name: add_app
INSERT INTO apps (
    namespace, id, type, name, description, metadata, status, config, created_at, updated_at, deleted_at
) VALUES (
    %(namespace)s, %(id)s, %(type)s, %(name)s, %(description)s, %(metadata)s, %(status)s, %(config)s,
    %(created_at)s, %(updated_at)s, %(deleted_at)s
) ON CONFLICT DO NOTHING
