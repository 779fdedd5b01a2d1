-- name: find_key
-- Whose key it is is what is asked: the policy `presented` shows the row of this hash in any namespace.
SELECT namespace, id FROM api_keys WHERE key_hash = %(key_hash)s AND revoked_at IS NULL

-- name: find_own_key
SELECT id FROM api_keys
WHERE namespace = %(namespace)s AND key_hash = %(key_hash)s AND revoked_at IS NULL

-- name: add_key
INSERT INTO api_keys (namespace, id, name, key_hash, created_at)
VALUES (%(namespace)s, %(id)s, %(name)s, %(key_hash)s, %(at)s)
ON CONFLICT (key_hash) DO NOTHING

-- name: revoke_key
UPDATE api_keys SET revoked_at = %(at)s
WHERE namespace = %(namespace)s AND id = %(id)s AND revoked_at IS NULL
