-- name: voidings_of
SELECT invoice_id, voiding, asked_at FROM invoice_voidings
WHERE namespace = %(namespace)s AND invoice_id = ANY(%(invoice_ids)s)

-- name: keep_voiding
INSERT INTO invoice_voidings (namespace, invoice_id, voiding, asked_at)
VALUES (%(namespace)s, %(invoice_id)s, %(voiding)s, %(asked_at)s)
ON CONFLICT (namespace, invoice_id) DO UPDATE SET voiding = excluded.voiding, asked_at = excluded.asked_at

-- name: forget_voiding
DELETE FROM invoice_voidings WHERE namespace = %(namespace)s AND invoice_id = %(invoice_id)s
