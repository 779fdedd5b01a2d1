-- name: uses_of_app
-- Live profiles, invoices that still go somewhere (one given up for uncollectible may yet be paid or voided), and notes
-- of which the app may have given money back already.
SELECT 1 FROM billing_profiles WHERE namespace = %(namespace)s AND app_id = %(app_id)s AND deleted_at IS NULL
UNION ALL
SELECT 1 FROM invoices
WHERE namespace = %(namespace)s AND app_id = %(app_id)s AND state NOT IN ('gathering', 'paid', 'voided', 'deleted')
UNION ALL
SELECT 1 FROM credit_notes AS n JOIN invoices AS i ON i.namespace = n.namespace AND i.id = n.invoice_id
WHERE n.namespace = %(namespace)s AND n.state = 'pending' AND i.app_id = %(app_id)s
LIMIT 1

-- name: has_default
SELECT 1 FROM billing_profiles WHERE namespace = %(namespace)s AND is_default
