-- name: add
INSERT INTO portal_tokens (
    namespace, id, token_hash, subject, customer_id, allowed_meters, created_at, expires_at
) VALUES (
    %(namespace)s, %(id)s, %(token_hash)s, %(subject)s, %(customer_id)s, %(allowed_meters)s, %(created_at)s,
    %(expires_at)s
)

-- name: page
SELECT * FROM portal_tokens
WHERE namespace = %(namespace)s AND invalidated_at IS NULL
ORDER BY created_at DESC, id DESC LIMIT %(limit)s

-- name: invalidate
UPDATE portal_tokens SET invalidated_at = %(at)s
WHERE namespace = %(namespace)s AND invalidated_at IS NULL
    AND (%(id)s::text IS NULL OR id = %(id)s) AND (%(subject)s::text IS NULL OR subject = %(subject)s)

-- name: find_presented
-- Whose token it is is what is asked: the policy `presented` shows the row of this hash in any namespace.
SELECT token.*, tenant.portal_requests_per_second, tenant.portal_burst
FROM portal_tokens AS token
JOIN namespaces AS tenant ON tenant.namespace = token.namespace
WHERE token_hash = ANY(%(hashes)s) AND invalidated_at IS NULL AND expires_at > %(at)s

-- name: customer_lives
SELECT FROM customers WHERE namespace = %(namespace)s AND id = %(customer_id)s AND deleted_at IS NULL

-- name: forget_old
-- A few for every new one keep up; those another request is forgetting are left to it.
DELETE FROM portal_tokens WHERE namespace = %(namespace)s AND id = ANY(ARRAY(
    SELECT id FROM portal_tokens
    WHERE namespace = %(namespace)s AND expires_at < %(before)s
    ORDER BY expires_at
    LIMIT 10
    FOR UPDATE SKIP LOCKED
))
