-- name: all_namespaces
SELECT namespace FROM namespaces ORDER BY namespace

-- name: add_namespace
INSERT INTO namespaces (namespace, created_at) VALUES (%(namespace)s, %(at)s) ON CONFLICT DO NOTHING
