-- name: overrides_of_customers
SELECT * FROM customer_overrides WHERE namespace = %(namespace)s AND customer_id = ANY(%(customer_ids)s)

-- name: save_override
INSERT INTO customer_overrides (namespace, customer_id, profile_id, created_at, updated_at)
VALUES (%(namespace)s, %(customer_id)s, %(profile_id)s, %(created_at)s, %(updated_at)s)
ON CONFLICT (namespace, customer_id) DO UPDATE SET
    profile_id = excluded.profile_id, updated_at = excluded.updated_at

-- name: remove_override
DELETE FROM customer_overrides WHERE namespace = %(namespace)s AND customer_id = %(customer_id)s

-- name: pinned
SELECT o.customer_id, p.* FROM customer_overrides o
JOIN billing_profiles p ON p.namespace = o.namespace AND p.id = o.profile_id
WHERE o.namespace = %(namespace)s AND o.customer_id = ANY(%(customer_ids)s)

-- name: pins_of_profile
-- A deleted customer's pin binds nobody.
SELECT 1 FROM customer_overrides o
JOIN customers c ON c.namespace = o.namespace AND c.id = o.customer_id AND c.deleted_at IS NULL
WHERE o.namespace = %(namespace)s AND o.profile_id = %(profile_id)s
LIMIT 1

-- name: matching
-- The tables and the condition of a list of live customers; the adapter puts them behind a count and behind a page.
customers c LEFT JOIN customer_overrides o ON o.namespace = c.namespace AND o.customer_id = c.id
WHERE c.namespace = %(namespace)s AND c.deleted_at IS NULL
AND (%(include_all)s OR %(only_unpinned)s OR o.customer_id IS NOT NULL)
AND (NOT %(only_unpinned)s OR o.profile_id IS NULL)
AND (%(profiles)s::text[] IS NULL OR coalesce(o.profile_id, %(default_id)s) = ANY(%(profiles)s))
AND (%(customers)s::text[] IS NULL OR c.id = ANY(%(customers)s))
AND (%(name)s::text IS NULL OR strpos(without_case(c.name), without_case(%(name)s)) > 0)
AND (%(key)s::text IS NULL OR strpos(without_case(c.key), without_case(%(key)s)) > 0)
AND (%(primary_email)s::text IS NULL OR strpos(without_case(c.primary_email), without_case(%(primary_email)s)) > 0)
