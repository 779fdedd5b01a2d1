-- name: all_namespaces
SELECT namespace FROM namespaces ORDER BY namespace

-- name: set_allowance
UPDATE namespaces SET
    requests_per_second = %(requests_per_second)s, burst = %(burst)s,
    portal_requests_per_second = %(portal_requests_per_second)s, portal_burst = %(portal_burst)s,
    monthly_requests = %(monthly_requests)s, monthly_events = %(monthly_events)s
WHERE namespace = %(namespace)s

-- name: allowance
SELECT requests_per_second, burst, portal_requests_per_second, portal_burst, monthly_requests, monthly_events
FROM namespaces WHERE namespace = %(namespace)s

-- name: add_namespace
INSERT INTO namespaces (namespace, created_at) VALUES (%(namespace)s, %(at)s) ON CONFLICT DO NOTHING
