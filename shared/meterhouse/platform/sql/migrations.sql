-- name: lock
SELECT pg_advisory_lock(hashtext('meterhouse.migrations'))

-- name: find_database
SELECT 1 FROM pg_database WHERE datname = %(name)s

-- name: another_order
-- How the open database orders and classifies texts, where that is not by code points as the locale C does.
SELECT
    coalesce(datlocale, datcollate) AS collation, datctype AS classes, pg_encoding_to_char(encoding) AS encoding,
    CASE datlocprovider WHEN 'c' THEN 'libc' WHEN 'b' THEN 'builtin' WHEN 'i' THEN 'icu' END AS provider
FROM pg_database
WHERE datname = current_database() AND NOT (
    datlocprovider = 'c' AND datcollate IN ('C', 'POSIX') AND datctype IN ('C', 'POSIX')
    AND pg_encoding_to_char(encoding) = 'UTF8'
)

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
