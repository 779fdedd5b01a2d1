-- name: add_key
INSERT INTO api_keys (
    namespace, id, name, role, scopes, created_at, expires_at, requests_per_second, burst, monthly_requests,
    monthly_events
)
VALUES (
    %(namespace)s, %(id)s, %(name)s, %(role)s, %(scopes)s, %(created_at)s, %(expires_at)s,
    %(requests_per_second)s, %(burst)s, %(monthly_requests)s, %(monthly_events)s
)

-- name: add_secret
INSERT INTO api_key_secrets (namespace, id, key_id, key_hash, pepper, hint, created_at)
VALUES (%(namespace)s, %(id)s, %(key_id)s, %(key_hash)s, %(pepper)s, %(hint)s, %(at)s)
ON CONFLICT (key_hash) DO NOTHING

-- name: end_other_secrets
-- Of a key that is rotated twice in a short time the oldest secret is over no later than it was to be.
UPDATE api_key_secrets SET expires_at = least(expires_at, %(until)s)
WHERE namespace = %(namespace)s AND key_id = %(key_id)s AND key_hash <> %(key_hash)s

-- name: id_of_secret
SELECT key.id FROM api_key_secrets AS secret
JOIN api_keys AS key ON key.namespace = secret.namespace AND key.id = secret.key_id
WHERE secret.namespace = %(namespace)s AND key.namespace = %(namespace)s AND secret.key_hash = %(key_hash)s
AND key.revoked_at IS NULL AND secret.expires_at IS NULL

-- name: find
SELECT {columns} FROM api_keys AS key WHERE key.namespace = %(namespace)s AND key.id = %(id)s

-- name: page
SELECT {columns} FROM api_keys AS key
WHERE key.namespace = %(namespace)s AND (%(closed)s OR key.revoked_at IS NULL)
ORDER BY key.created_at DESC, key.id
LIMIT %(limit)s OFFSET %(offset)s

-- name: count
SELECT count(*) AS total FROM api_keys AS key WHERE key.namespace = %(namespace)s AND (%(closed)s OR key.revoked_at IS NULL)

-- name: columns
key.id, key.name, key.role, key.scopes, key.created_at, key.expires_at, key.last_used_at, key.revoked_at,
key.requests_per_second, key.burst, key.monthly_requests, key.monthly_events,
(
    SELECT secret.hint FROM api_key_secrets AS secret
    WHERE secret.namespace = key.namespace AND secret.key_id = key.id
    ORDER BY secret.created_at DESC, secret.id DESC LIMIT 1
) AS hint

-- name: revoke
UPDATE api_keys SET revoked_at = %(at)s
WHERE namespace = %(namespace)s AND id = %(id)s AND revoked_at IS NULL
