-- name: lock
SELECT pg_advisory_lock(hashtext('meterhouse.migrations'))

-- name: take_time
-- A migration may rewrite a large table, and another's may have to be waited for.
SET statement_timeout = 0

-- name: find_role
SELECT 1 FROM pg_roles WHERE rolname = %(role)s

-- name: create_record
CREATE TABLE IF NOT EXISTS migrations (
    name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now()
)

-- name: applied
SELECT name, checksum FROM migrations

-- name: record
INSERT INTO migrations (name, checksum) VALUES (%(name)s, %(checksum)s)
