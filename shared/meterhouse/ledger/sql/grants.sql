-- name: find
SELECT * FROM credit_grants WHERE namespace = %(namespace)s AND id = %(id)s

-- name: by_ids
SELECT * FROM credit_grants WHERE namespace = %(namespace)s AND id = ANY(%(ids)s)

-- name: find_by_key
SELECT * FROM credit_grants WHERE namespace = %(namespace)s AND customer_id = %(customer_id)s AND key = %(key)s

-- name: matching
-- The status at an instant, as `CreditGrant.status_at` tells it.
namespace = %(namespace)s AND customer_id = %(customer_id)s
    AND (%(currency)s::text IS NULL OR currency = %(currency)s)
    AND {key_matches}
    AND (%(status)s::text IS NULL OR %(status)s = CASE
        WHEN voided_at <= %(at)s THEN 'voided'
        WHEN available_at IS NULL OR available_at > %(at)s THEN 'pending'
        WHEN expires_at <= %(at)s THEN 'expired'
        ELSE 'active'
    END)

-- name: page
SELECT * FROM credit_grants WHERE {matching} ORDER BY id LIMIT %(limit)s OFFSET %(offset)s

-- name: count
SELECT count(*) FROM credit_grants WHERE {matching}

-- name: holders
SELECT DISTINCT customer_id FROM credit_grants
WHERE namespace = %(namespace)s AND customer_id = ANY(%(customer_ids)s)

-- name: add
INSERT INTO credit_grants (
    namespace, id, customer_id, key, name, description, labels, funding, currency, amount, priority, features,
    effective_at, expires_after, cost_rate, cost_currency, cost_amount, settlement, settled_at, tax_behavior,
    tax_code_id, voided_at, available_at, expires_at, created_at, updated_at
) VALUES (
    %(namespace)s, %(id)s, %(customer_id)s, %(key)s, %(name)s, %(description)s, %(labels)s, %(funding)s, %(currency)s,
    %(amount)s, %(priority)s, %(features)s, %(effective_at)s, %(expires_after)s, %(cost_rate)s, %(cost_currency)s,
    %(cost_amount)s, %(settlement)s, %(settled_at)s, %(tax_behavior)s, %(tax_code_id)s, %(voided_at)s,
    %(available_at)s, %(expires_at)s, %(created_at)s, %(updated_at)s
)

-- name: save
UPDATE credit_grants SET
    settlement = %(settlement)s, settled_at = %(settled_at)s, voided_at = %(voided_at)s,
    available_at = %(available_at)s, expires_at = %(expires_at)s, updated_at = %(updated_at)s
WHERE namespace = %(namespace)s AND id = %(id)s

-- name: over
-- Grants whose life has ended and whose end nobody booked.
SELECT * FROM credit_grants
WHERE namespace = %(namespace)s AND NOT is_expiry_booked AND available_at IS NOT NULL AND expires_at <= %(until)s
    AND customer_id > %(after_customer)s AND customer_id <= %(up_to_customer)s
ORDER BY customer_id, currency, id

-- name: edges
-- Every `size`-th customer of whom there is such a grant, and the last: each ends a batch.
SELECT customer_id FROM (
    SELECT customer_id, row_number() OVER (ORDER BY customer_id) AS number, count(*) OVER () AS total
    FROM credit_grants
    WHERE namespace = %(namespace)s AND NOT is_expiry_booked AND available_at IS NOT NULL AND expires_at <= %(until)s
    GROUP BY customer_id
) concerned
WHERE mod(number, %(size)s) = 0 OR number = total
ORDER BY customer_id

-- name: mark_expired
UPDATE credit_grants SET is_expiry_booked = true
WHERE namespace = %(namespace)s AND id = ANY(%(ids)s)
