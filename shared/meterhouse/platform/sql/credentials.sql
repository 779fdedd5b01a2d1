-- name: find_key
-- Whose key it is is what is asked: the policies `presented` show the rows of this secret in any namespace.
SELECT key.namespace, key.id, key.role, key.scopes, key.last_used_at,
    least(key.expires_at, secret.expires_at) AS expires_at,
    key.requests_per_second, key.burst, key.monthly_requests, key.monthly_events,
    tenant.requests_per_second AS namespace_requests_per_second, tenant.burst AS namespace_burst,
    tenant.monthly_requests AS namespace_monthly_requests, tenant.monthly_events AS namespace_monthly_events
FROM api_key_secrets AS secret
JOIN api_keys AS key ON key.namespace = secret.namespace AND key.id = secret.key_id
JOIN namespaces AS tenant ON tenant.namespace = secret.namespace
WHERE secret.key_hash = %(key_hash)s AND key.revoked_at IS NULL
AND (key.expires_at IS NULL OR key.expires_at > %(at)s)
AND (secret.expires_at IS NULL OR secret.expires_at > %(at)s)

-- name: note_use
UPDATE api_keys SET last_used_at = %(at)s
WHERE namespace = %(namespace)s AND id = %(id)s AND (last_used_at IS NULL OR last_used_at < %(at)s)
