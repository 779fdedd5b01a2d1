-- name: waiting_events
-- SKIP LOCKED: two relays at once share the work instead of waiting for each other.
SELECT namespace, id, type, subject, occurred_at, data FROM outbox
WHERE namespace = %(namespace)s AND published_at IS NULL
ORDER BY position
LIMIT %(limit)s
FOR UPDATE SKIP LOCKED

-- name: mark_published
UPDATE outbox SET published_at = %(at)s WHERE namespace = %(namespace)s AND id = ANY(%(ids)s)

-- name: forget_published
DELETE FROM outbox WHERE namespace = %(namespace)s AND published_at < %(before)s
