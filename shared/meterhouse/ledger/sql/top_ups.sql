-- name: of_customers
SELECT * FROM credit_top_ups
WHERE namespace = %(namespace)s AND customer_id = ANY(%(customer_ids)s) AND removed_at IS NULL
ORDER BY customer_id, currency

-- name: save
-- In place of the one there is or was, whose periods go on: nobody has its limits again by setting it again.
INSERT INTO credit_top_ups (
    namespace, customer_id, currency, threshold, granted, period, most_times, most_amount, created_at, updated_at
) VALUES (
    %(namespace)s, %(customer_id)s, %(currency)s, %(threshold)s, %(granted)s, %(period)s, %(most_times)s,
    %(most_amount)s, %(created_at)s, %(updated_at)s
)
ON CONFLICT (namespace, customer_id, currency) DO UPDATE SET
    threshold = excluded.threshold, granted = excluded.granted, period = excluded.period,
    most_times = excluded.most_times, most_amount = excluded.most_amount, updated_at = excluded.updated_at,
    removed_at = NULL
RETURNING *

-- name: remove
UPDATE credit_top_ups SET removed_at = %(at)s
WHERE namespace = %(namespace)s AND customer_id = %(customer_id)s AND currency = %(currency)s AND removed_at IS NULL

-- name: made
SELECT m.number, m.grant_id, g.amount, g.created_at AS at, g.available_at IS NULL AND g.voided_at IS NULL AS is_waiting
FROM credit_top_ups_made m
JOIN credit_grants g ON g.namespace = m.namespace AND g.id = m.grant_id
WHERE m.namespace = %(namespace)s AND m.customer_id = %(customer_id)s AND m.currency = %(currency)s
ORDER BY m.number

-- name: add_made
INSERT INTO credit_top_ups_made (namespace, customer_id, currency, number, grant_id)
VALUES (%(namespace)s, %(customer_id)s, %(currency)s, %(number)s, %(grant_id)s)
