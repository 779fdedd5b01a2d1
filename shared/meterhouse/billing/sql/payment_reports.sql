-- name: has_report
SELECT 1 FROM payment_reports WHERE namespace = %(namespace)s AND invoice_id = %(invoice_id)s AND key = %(key)s

-- name: last_report
SELECT max(occurred_at) AS last FROM payment_reports
WHERE namespace = %(namespace)s AND invoice_id = %(invoice_id)s AND is_applied

-- name: add_report
INSERT INTO payment_reports (namespace, invoice_id, key, trigger, reason, occurred_at, is_applied, recorded_at)
VALUES (
    %(namespace)s, %(invoice_id)s, %(key)s, %(trigger)s, %(reason)s, %(occurred_at)s, %(is_applied)s, %(recorded_at)s
)
