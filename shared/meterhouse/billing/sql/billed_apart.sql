-- name: among
SELECT customer_id FROM customers_billed_apart WHERE namespace = %(namespace)s AND customer_id = ANY(%(customer_ids)s)

-- name: add
INSERT INTO customers_billed_apart (namespace, customer_id, since) VALUES (%(namespace)s, %(customer_id)s, %(since)s)
ON CONFLICT DO NOTHING

-- name: remove
DELETE FROM customers_billed_apart WHERE namespace = %(namespace)s AND customer_id = %(customer_id)s
