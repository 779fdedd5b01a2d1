-- name: add_profile
INSERT INTO billing_profiles (
    namespace, id, name, description, metadata, supplier, workflow, app_id, is_default, created_at, updated_at
) VALUES (
    %(namespace)s, %(id)s, %(name)s, %(description)s, %(metadata)s, %(supplier)s, %(workflow)s, %(app_id)s,
    %(is_default)s, %(created_at)s, %(updated_at)s
) ON CONFLICT DO NOTHING

-- name: save_profile
UPDATE billing_profiles SET
    name = %(name)s, description = %(description)s, metadata = %(metadata)s, supplier = %(supplier)s,
    workflow = %(workflow)s, is_default = %(is_default)s, updated_at = %(updated_at)s, deleted_at = %(deleted_at)s
WHERE namespace = %(namespace)s AND id = %(id)s

-- name: unset_default
UPDATE billing_profiles SET is_default = false, updated_at = %(at)s
WHERE namespace = %(namespace)s AND is_default

-- name: find_profile
SELECT * FROM billing_profiles WHERE namespace = %(namespace)s AND id = %(id)s

-- name: find_default
SELECT * FROM billing_profiles WHERE namespace = %(namespace)s AND is_default

-- name: matching
namespace = %(namespace)s AND (%(include_archived)s OR deleted_at IS NULL)

-- name: uses_of_profile
SELECT 1 FROM invoices
WHERE namespace = %(namespace)s AND profile_id = %(id)s
    AND state NOT IN ('gathering', 'paid', 'voided', 'deleted', 'uncollectible')
LIMIT 1
