-- name: find
SELECT * FROM subjects
WHERE namespace = %(namespace)s AND deleted_at IS NULL AND (id = %(id_or_key)s OR key = %(id_or_key)s)
ORDER BY id = %(id_or_key)s DESC
LIMIT 1

-- name: find_by_key
SELECT * FROM subjects WHERE namespace = %(namespace)s AND deleted_at IS NULL AND key = %(key)s

-- name: all
SELECT * FROM subjects WHERE namespace = %(namespace)s AND deleted_at IS NULL ORDER BY key

-- name: save
INSERT INTO subjects (
    namespace, id, key, display_name, metadata, stripe_customer_id, current_period_start, current_period_end,
    created_at, updated_at
) VALUES (
    %(namespace)s, %(id)s, %(key)s, %(display_name)s, %(metadata)s, %(stripe_customer_id)s, %(current_period_start)s,
    %(current_period_end)s, %(created_at)s, %(updated_at)s
)
ON CONFLICT (namespace, id) DO UPDATE SET
    display_name = excluded.display_name, metadata = excluded.metadata,
    stripe_customer_id = excluded.stripe_customer_id, current_period_start = excluded.current_period_start,
    current_period_end = excluded.current_period_end, updated_at = excluded.updated_at

-- name: delete
UPDATE subjects SET deleted_at = %(at)s, updated_at = %(at)s
WHERE namespace = %(namespace)s AND id = %(id)s AND deleted_at IS NULL
