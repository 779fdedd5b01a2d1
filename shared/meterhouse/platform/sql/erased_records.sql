-- name: published_events
-- The bus has them; nothing reads them again.
DELETE FROM outbox
WHERE namespace = %(namespace)s AND published_at IS NOT NULL
  AND (subject = %(subject)s OR strpos(data::text, to_jsonb(%(subject)s::text)::text) > 0)

-- name: waiting_events
-- Are left, and looked for again once the bus has them.
SELECT FROM outbox
WHERE namespace = %(namespace)s AND published_at IS NULL
  AND (subject = %(subject)s OR strpos(data::text, to_jsonb(%(subject)s::text)::text) > 0)

-- name: kept_answers
-- A text in quotes stands in JSON in one of two ways.
UPDATE idempotency_keys SET body = replace(
    replace(body, to_json(%(subject)s::text)::text, to_json(%(pseudonym)s::text)::text),
    %(ascii)s, to_json(%(pseudonym)s::text)::text
)
WHERE namespace = %(namespace)s
  AND (strpos(body, to_json(%(subject)s::text)::text) > 0 OR strpos(body, %(ascii)s) > 0)

-- name: audit_log
SELECT FROM forget_in_audit(%(subject)s, %(pseudonym)s)
