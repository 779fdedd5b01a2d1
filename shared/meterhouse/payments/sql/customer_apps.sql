-- name: of_customer
-- Of apps that are installed.
SELECT c.* FROM customer_apps AS c
JOIN apps AS a ON a.namespace = c.namespace AND a.id = c.app_id
WHERE c.namespace = %(namespace)s AND c.customer_id = %(customer_id)s AND a.deleted_at IS NULL
ORDER BY c.created_at, c.app_id

-- name: of_stripe_customer
SELECT * FROM customer_apps
WHERE namespace = %(namespace)s AND app_id = %(app_id)s AND data ->> 'stripe_customer_id' = %(stripe_customer_id)s
    AND data ? 'stripe_customer_id'

-- name: put
INSERT INTO customer_apps (namespace, customer_id, app_id, data, created_at, updated_at)
VALUES (%(namespace)s, %(customer_id)s, %(app_id)s, %(data)s, %(created_at)s, %(updated_at)s)
ON CONFLICT (namespace, customer_id, app_id) DO UPDATE SET data = excluded.data, updated_at = excluded.updated_at

-- name: remove
DELETE FROM customer_apps
WHERE namespace = %(namespace)s AND customer_id = %(customer_id)s AND app_id = %(app_id)s
