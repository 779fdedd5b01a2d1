-- name: set_scope
-- Policies of row level security read these; local to the transaction.
SELECT set_config(%(name)s, %(value)s, true)

-- name: set_scopes
-- Several of them in one round trip.
SELECT set_config('meterhouse.' || name, value, true)
FROM unnest(%(names)s::text[], %(values)s::text[]) AS variable (name, value)

-- name: lock
SELECT pg_advisory_xact_lock(hashtextextended(%(key)s, 0))

-- name: lock_each
SELECT pg_advisory_xact_lock(hashtextextended(key, 0)) FROM unnest(%(keys)s::text[]) AS key

-- name: stage
-- Lives as long as the connection; it has neither keys nor policies, and nobody else sees it. Nothing is compressed in it,
-- but what does not fit a page.
CREATE TEMPORARY TABLE IF NOT EXISTS {table} WITH (toast_tuple_target = 8160) ON COMMIT DELETE ROWS AS SELECT {columns} FROM {source} WITH NO DATA

-- name: clear_stage
TRUNCATE {table}

-- name: copy_to_stage
COPY {table} ({columns}) FROM STDIN

-- name: append_to_outbox
-- In the order in which they were decided.
INSERT INTO outbox (namespace, id, type, subject, occurred_at, data)
SELECT %(namespace)s, id, type, subject, occurred_at, data
FROM ROWS FROM (
    jsonb_to_recordset(%(events)s::jsonb) AS (id text, type text, subject text, occurred_at timestamptz, data jsonb)
) WITH ORDINALITY AS event (id, type, subject, occurred_at, data, number)
ORDER BY number
ON CONFLICT (namespace, id) DO NOTHING
