-- name: find
-- An id goes before a key of the same text.
SELECT * FROM customers
WHERE namespace = %(namespace)s AND deleted_at IS NULL AND id = ANY(ARRAY[
    %(id_or_key)s,
    (SELECT customer_id FROM customer_subjects WHERE namespace = %(namespace)s AND subject = %(id_or_key)s AND is_key)
])
ORDER BY id = %(id_or_key)s DESC
LIMIT 1

-- name: find_deleted
SELECT * FROM customers WHERE namespace = %(namespace)s AND id = %(id)s AND deleted_at IS NOT NULL

-- name: by_ids
SELECT * FROM customers WHERE namespace = %(namespace)s AND id = ANY(%(ids)s)

-- name: by_keys
SELECT subject, customer_id FROM customer_subjects
WHERE namespace = %(namespace)s AND subject = ANY(%(keys)s) AND is_key

-- name: by_subjects
SELECT subject, customer_id FROM customer_subjects WHERE namespace = %(namespace)s AND subject = ANY(%(subjects)s)

-- name: ids_after
SELECT id FROM customers
WHERE namespace = %(namespace)s AND deleted_at IS NULL AND id > %(after)s
ORDER BY id
LIMIT %(limit)s

-- name: matching
-- The condition of a list; the adapter puts it behind a count and behind a page.
namespace = %(namespace)s
AND (%(include_deleted)s OR deleted_at IS NULL)
AND (%(key)s::text IS NULL OR strpos(without_case(key), without_case(%(key)s)) > 0)
AND (%(name)s::text IS NULL OR strpos(without_case(name), without_case(%(name)s)) > 0)
AND (%(primary_email)s::text IS NULL OR strpos(without_case(primary_email), without_case(%(primary_email)s)) > 0)
AND (%(subject)s::text IS NULL OR EXISTS (
    SELECT FROM unnest(subject_keys) AS subject_key WHERE strpos(without_case(subject_key), without_case(%(subject)s)) > 0
))
AND (%(ids)s::text[] IS NULL OR id = ANY(%(ids)s))

-- name: insert
INSERT INTO customers (
    namespace, id, key, subject_keys, name, description, metadata, primary_email, currency, billing_address,
    created_at, updated_at
) VALUES (
    %(namespace)s, %(id)s, %(key)s, %(subject_keys)s, %(name)s, %(description)s, %(metadata)s, %(primary_email)s,
    %(currency)s, %(billing_address)s, %(created_at)s, %(updated_at)s
)

-- name: update
UPDATE customers SET
    key = %(key)s, subject_keys = %(subject_keys)s, name = %(name)s, description = %(description)s,
    metadata = %(metadata)s, primary_email = %(primary_email)s, currency = %(currency)s,
    billing_address = %(billing_address)s, updated_at = %(updated_at)s, deleted_at = %(deleted_at)s
WHERE namespace = %(namespace)s AND id = %(id)s

-- name: unclaimed
-- The subjects that are not the customer's, each with its owner, if it has one.
SELECT wanted.subject, claim.customer_id
FROM unnest(%(subjects)s::text[]) AS wanted (subject)
LEFT JOIN customer_subjects AS claim ON claim.namespace = %(namespace)s AND claim.subject = wanted.subject
WHERE claim.customer_id IS DISTINCT FROM %(id)s
ORDER BY wanted.subject

-- name: claim_subjects
-- In one order everywhere: two customers that claim the same subjects at once wait for each other, never in a circle.
INSERT INTO customer_subjects (namespace, subject, customer_id, is_key)
SELECT %(namespace)s, subject, %(id)s, subject IS NOT DISTINCT FROM %(key)s::text
FROM unnest(%(subjects)s::text[]) AS subject
ORDER BY subject
ON CONFLICT (namespace, subject) DO NOTHING

-- name: tell_key
UPDATE customer_subjects SET is_key = NOT is_key
WHERE namespace = %(namespace)s AND customer_id = %(id)s AND is_key <> (subject IS NOT DISTINCT FROM %(key)s::text)

-- name: release_subjects
DELETE FROM customer_subjects
WHERE namespace = %(namespace)s AND customer_id = %(id)s AND subject <> ALL(%(subjects)s::text[])
