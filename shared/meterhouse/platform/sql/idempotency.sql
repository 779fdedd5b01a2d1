-- name: forget_old_keys
-- A few for every new one keep up; those another request is forgetting are left to it.
DELETE FROM idempotency_keys WHERE namespace = %(namespace)s AND key = ANY(ARRAY(
    SELECT key FROM idempotency_keys
    WHERE namespace = %(namespace)s AND created_at < %(before)s
    ORDER BY created_at
    LIMIT 10
    FOR UPDATE SKIP LOCKED
))

-- name: claim_key
-- A concurrent claim of the same key waits here until the first one ends.
INSERT INTO idempotency_keys (namespace, key, fingerprint, created_at)
VALUES (%(namespace)s, %(key)s, %(fingerprint)s, %(at)s)
ON CONFLICT (namespace, key) DO NOTHING

-- name: find_response
SELECT fingerprint, status, content_type, body FROM idempotency_keys
WHERE namespace = %(namespace)s AND key = %(key)s

-- name: keep_response
UPDATE idempotency_keys SET status = %(status)s, content_type = %(content_type)s, body = %(body)s
WHERE namespace = %(namespace)s AND key = %(key)s
