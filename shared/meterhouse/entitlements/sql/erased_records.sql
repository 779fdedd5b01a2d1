-- name: reservations
-- `data` becomes a usage event: texts in it that are the name give way, what it measures stays.
UPDATE reservations SET
    subject = CASE WHEN subject = %(subject)s THEN %(pseudonym)s ELSE subject END,
    data = replace(
        data::jsonb::text, to_jsonb(%(subject)s::text)::text, to_jsonb(%(pseudonym)s::text)::text
    )::json
WHERE namespace = %(namespace)s
  AND (subject = %(subject)s OR strpos(data::jsonb::text, to_jsonb(%(subject)s::text)::text) > 0)
