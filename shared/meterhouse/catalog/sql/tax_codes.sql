-- name: by_ids
SELECT * FROM tax_codes WHERE namespace = %(namespace)s AND id = ANY(%(ids)s)

-- name: page
SELECT * FROM tax_codes
WHERE namespace = %(namespace)s AND (%(include_deleted)s OR deleted_at IS NULL)
ORDER BY id LIMIT %(limit)s OFFSET %(offset)s

-- name: count
SELECT count(*) FROM tax_codes WHERE namespace = %(namespace)s AND (%(include_deleted)s OR deleted_at IS NULL)

-- name: insert
INSERT INTO tax_codes (
    namespace, id, key, name, description, labels, app_mappings, created_at, updated_at
) VALUES (
    %(namespace)s, %(id)s, %(key)s, %(name)s, %(description)s, %(labels)s, %(app_mappings)s, %(created_at)s,
    %(updated_at)s
)
ON CONFLICT (namespace, key) WHERE deleted_at IS NULL DO NOTHING

-- name: update
UPDATE tax_codes SET
    name = %(name)s, description = %(description)s, labels = %(labels)s, app_mappings = %(app_mappings)s,
    updated_at = %(updated_at)s, deleted_at = %(deleted_at)s
WHERE namespace = %(namespace)s AND id = %(id)s

-- name: users
-- Plans and add-ons that name the code and are not archived at an instant, and the defaults.
SELECT 'plan ' || key || ' version ' || version AS name FROM plans
WHERE namespace = %(namespace)s AND deleted_at IS NULL AND (effective_to IS NULL OR effective_to > %(at)s)
    AND jsonb_path_exists(
        phases, '$[*].rate_cards[*].tax_config ? (@.taxCodeId == $id)', jsonb_build_object('id', %(id)s::text)
    )
UNION ALL
SELECT 'add-on ' || key || ' version ' || version FROM addons
WHERE namespace = %(namespace)s AND deleted_at IS NULL AND (effective_to IS NULL OR effective_to > %(at)s)
    AND jsonb_path_exists(
        rate_cards, '$[*].tax_config ? (@.taxCodeId == $id)', jsonb_build_object('id', %(id)s::text)
    )
UNION ALL
SELECT 'the defaults' FROM default_tax_codes
WHERE namespace = %(namespace)s AND %(id)s IN (invoicing_tax_code_id, credit_grant_tax_code_id)
ORDER BY name

-- name: defaults
SELECT * FROM default_tax_codes WHERE namespace = %(namespace)s

-- name: set_defaults
INSERT INTO default_tax_codes (namespace, invoicing_tax_code_id, credit_grant_tax_code_id, created_at, updated_at)
VALUES (%(namespace)s, %(invoicing)s, %(credit_grants)s, %(created_at)s, %(updated_at)s)
ON CONFLICT (namespace) DO UPDATE SET
    invoicing_tax_code_id = excluded.invoicing_tax_code_id,
    credit_grant_tax_code_id = excluded.credit_grant_tax_code_id,
    updated_at = excluded.updated_at
