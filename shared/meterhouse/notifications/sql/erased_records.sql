-- name: events
-- What was told: the name gives way, and what was known of the subject beside it goes.
UPDATE notification_events SET
    subject_key = CASE WHEN subject_key = %(subject)s THEN %(pseudonym)s ELSE subject_key END,
    payload = replace(
        (CASE WHEN payload -> 'data' -> 'subject' ->> 'key' = %(subject)s
            THEN jsonb_set(payload::jsonb, '{data,subject}',
                           (payload::jsonb #> '{data,subject}') - '{displayName,metadata,stripeCustomerId}'::text[])
            ELSE payload::jsonb END)::text,
        to_jsonb(%(subject)s::text)::text, to_jsonb(%(pseudonym)s::text)::text
    )::json
WHERE namespace = %(namespace)s
  AND (subject_key = %(subject)s OR strpos(payload::jsonb::text, to_jsonb(%(subject)s::text)::text) > 0)
