-- name: uses_of_app
-- Live profiles, and invoices that still go somewhere: one given up for uncollectible may yet be paid or voided.
SELECT 1 FROM billing_profiles WHERE namespace = %(namespace)s AND app_id = %(app_id)s AND deleted_at IS NULL
UNION ALL
SELECT 1 FROM invoices
WHERE namespace = %(namespace)s AND app_id = %(app_id)s AND state NOT IN ('gathering', 'paid', 'voided', 'deleted')
LIMIT 1

-- name: has_default
SELECT 1 FROM billing_profiles WHERE namespace = %(namespace)s AND is_default
