-- name: find_key
-- Whose key it is is what is asked: the policies `presented` show the rows of this secret in any namespace.
SELECT secret.key_hash, secret.pepper, key.namespace, key.id, key.role, key.scopes, key.last_used_at,
    least(key.expires_at, secret.expires_at) AS expires_at,
    key.requests_per_second, key.burst, key.monthly_requests, key.monthly_events,
    tenant.requests_per_second AS namespace_requests_per_second, tenant.burst AS namespace_burst,
    tenant.monthly_requests AS namespace_monthly_requests, tenant.monthly_events AS namespace_monthly_events
FROM api_key_secrets AS secret
JOIN api_keys AS key ON key.namespace = secret.namespace AND key.id = secret.key_id
JOIN namespaces AS tenant ON tenant.namespace = secret.namespace
WHERE secret.key_hash = ANY(%(hashes)s) AND key.revoked_at IS NULL
AND (key.expires_at IS NULL OR key.expires_at > %(at)s)
AND (secret.expires_at IS NULL OR secret.expires_at > %(at)s)

-- name: note_use
UPDATE api_keys SET last_used_at = %(at)s
WHERE namespace = %(namespace)s AND id = %(id)s AND (last_used_at IS NULL OR last_used_at < %(at)s)

-- name: kept_secret
-- Of keys that are over, too.
SELECT namespace, key_hash, pepper FROM api_key_secrets WHERE key_hash = ANY(%(hashes)s)

-- name: hash_anew
UPDATE api_key_secrets SET key_hash = %(key_hash)s, pepper = %(pepper)s
WHERE namespace = %(namespace)s AND key_hash = %(before)s AND pepper < %(pepper)s

-- name: open_secrets
SELECT secret.pepper, count(*) AS secrets
FROM api_key_secrets AS secret
JOIN api_keys AS key ON key.namespace = secret.namespace AND key.id = secret.key_id
WHERE secret.namespace = %(namespace)s AND key.namespace = %(namespace)s AND key.revoked_at IS NULL
AND (key.expires_at IS NULL OR key.expires_at > %(at)s)
AND (secret.expires_at IS NULL OR secret.expires_at > %(at)s)
GROUP BY secret.pepper
