-- name: set_scope
-- Policies of row level security read these; local to the transaction.
SELECT set_config(%(name)s, %(value)s, true)

-- name: lock
SELECT pg_advisory_xact_lock(hashtextextended(%(key)s, 0))

-- name: lock_each
SELECT pg_advisory_xact_lock(hashtextextended(key, 0)) FROM unnest(%(keys)s::text[]) AS key

-- name: append_to_outbox
INSERT INTO outbox (namespace, id, type, subject, occurred_at, data)
VALUES (%(namespace)s, %(id)s, %(type)s, %(subject)s, %(occurred_at)s, %(data)s)
ON CONFLICT (namespace, id) DO NOTHING
