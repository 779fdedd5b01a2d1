-- name: all_namespaces
SELECT namespace FROM namespaces ORDER BY namespace

-- name: set_rate
UPDATE namespaces SET requests_per_second = %(requests_per_second)s, burst = %(burst)s WHERE namespace = %(namespace)s

-- name: add_namespace
INSERT INTO namespaces (namespace, created_at) VALUES (%(namespace)s, %(at)s) ON CONFLICT DO NOTHING
