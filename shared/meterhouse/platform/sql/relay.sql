-- name: waiting_events
-- What was refused waits behind all others, and is tried once a run. SKIP LOCKED: two relays at once share the work instead
-- of waiting for each other.
SELECT namespace, id, type, subject, occurred_at, data, refused_at FROM outbox
WHERE namespace = %(namespace)s AND published_at IS NULL AND (refused_at IS NULL OR refused_at < %(started)s)
ORDER BY refused_at NULLS FIRST, position
LIMIT %(limit)s
FOR UPDATE SKIP LOCKED

-- name: mark_published
UPDATE outbox SET published_at = %(at)s WHERE namespace = %(namespace)s AND id = ANY(%(ids)s)

-- name: mark_refused
UPDATE outbox SET refused_at = %(at)s WHERE namespace = %(namespace)s AND id = ANY(%(ids)s)

-- name: forget_published
DELETE FROM outbox WHERE namespace = %(namespace)s AND published_at < %(before)s
