-- name: find
SELECT * FROM subscription_details
WHERE namespace = %(namespace)s AND id = %(id)s AND deleted_at IS NULL

-- name: of_customers
SELECT * FROM subscription_details
WHERE namespace = %(namespace)s AND customer_id = ANY(%(customer_ids)s) AND deleted_at IS NULL
ORDER BY customer_id, active_from, id

-- name: active_of
SELECT * FROM subscription_details
WHERE namespace = %(namespace)s AND customer_id = ANY(%(customer_ids)s) AND deleted_at IS NULL
    AND active_from <= %(at)s AND (active_to IS NULL OR active_to > %(at)s)
ORDER BY customer_id, id

-- name: billable
-- One batch of an invoice run: whose customer lies after the one and up to the other.
SELECT * FROM subscription_details
WHERE namespace = %(namespace)s AND customer_id > %(after_customer)s AND customer_id <= %(up_to_customer)s
    AND deleted_at IS NULL
ORDER BY customer_id, active_from, id

-- name: subscribers
SELECT DISTINCT customer_id FROM subscriptions
WHERE namespace = %(namespace)s AND plan_key = %(plan_key)s AND deleted_at IS NULL
    AND active_from <= %(at)s AND (active_to IS NULL OR active_to > %(at)s)
ORDER BY customer_id

-- name: add
INSERT INTO subscriptions (
    namespace, id, customer_id, plan_id, plan_key, plan_version, name, description, metadata, currency,
    billing_cadence, billing_anchor, is_prorated, settlement_mode, active_from, active_to, created_at, updated_at
) VALUES (
    %(namespace)s, %(id)s, %(customer_id)s, %(plan_id)s, %(plan_key)s, %(plan_version)s, %(name)s, %(description)s,
    %(metadata)s, %(currency)s, %(billing_cadence)s, %(billing_anchor)s, %(is_prorated)s, %(settlement_mode)s,
    %(active_from)s, %(active_to)s, %(created_at)s, %(updated_at)s
)

-- name: add_phase
INSERT INTO subscription_phases (
    namespace, subscription_id, id, position, key, name, description, metadata, active_from, active_to
) VALUES (
    %(namespace)s, %(subscription_id)s, %(id)s, %(position)s, %(key)s, %(name)s, %(description)s, %(metadata)s,
    %(active_from)s, %(active_to)s
)

-- name: add_item
INSERT INTO subscription_items (
    namespace, subscription_id, phase_id, id, position, key, version, active_from, active_to, rate_card
) VALUES (
    %(namespace)s, %(subscription_id)s, %(phase_id)s, %(id)s, %(position)s, %(key)s, %(version)s, %(active_from)s,
    %(active_to)s, %(rate_card)s
)

-- name: update
-- What may change of a subscription as a whole; its phases and items stay.
UPDATE subscriptions SET active_to = %(active_to)s, updated_at = %(updated_at)s, deleted_at = %(deleted_at)s
WHERE namespace = %(namespace)s AND id = %(id)s
