-- name: find
SELECT * FROM subscriptions_in_json
WHERE namespace = %(namespace)s AND id = %(id)s AND deleted_at IS NULL

-- name: of_customers
SELECT * FROM subscriptions_in_json
WHERE namespace = %(namespace)s AND customer_id = ANY(%(customer_ids)s) AND deleted_at IS NULL
ORDER BY customer_id, active_from, id

-- name: active_of
SELECT * FROM subscriptions_in_json
WHERE namespace = %(namespace)s AND customer_id = ANY(%(customer_ids)s) AND deleted_at IS NULL
    AND active_from <= %(at)s AND (active_to IS NULL OR active_to > %(at)s)
ORDER BY customer_id, id

-- name: billable
-- One batch of an invoice run: whose customer lies after the one and up to the other.
SELECT * FROM subscriptions_in_json
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
    billing_cadence, billing_anchor, is_prorated, settlement_mode, active_from, active_to, created_at, updated_at,
    previous_id, superseding_id, cost_basis_mode, pins, is_alone
) VALUES (
    %(namespace)s, %(id)s, %(customer_id)s, %(plan_id)s, %(plan_key)s, %(plan_version)s, %(name)s, %(description)s,
    %(metadata)s, %(currency)s, %(billing_cadence)s, %(billing_anchor)s, %(is_prorated)s, %(settlement_mode)s,
    %(active_from)s, %(active_to)s, %(created_at)s, %(updated_at)s, %(previous_id)s, %(superseding_id)s,
    %(cost_basis_mode)s, %(pins)s,
    NOT coalesce((SELECT allows_several FROM subscription_settings WHERE namespace = %(namespace)s), false)
)

-- name: update
-- What may change of a subscription besides its phases and items.
UPDATE subscriptions SET
    active_to = %(active_to)s, updated_at = %(updated_at)s, deleted_at = %(deleted_at)s,
    superseding_id = %(superseding_id)s, pins = %(pins)s
WHERE namespace = %(namespace)s AND id = %(id)s

-- name: put_phase
INSERT INTO subscription_phases (
    namespace, subscription_id, id, position, key, name, description, metadata, after_months, after_seconds,
    active_from, active_to
) VALUES (
    %(namespace)s, %(subscription_id)s, %(id)s, %(position)s, %(key)s, %(name)s, %(description)s, %(metadata)s,
    %(after_months)s, %(after_seconds)s, %(active_from)s, %(active_to)s
)
ON CONFLICT (namespace, subscription_id, id) DO UPDATE SET
    position = excluded.position, name = excluded.name, description = excluded.description,
    metadata = excluded.metadata, after_months = excluded.after_months, after_seconds = excluded.after_seconds,
    active_from = excluded.active_from, active_to = excluded.active_to

-- name: put_item
INSERT INTO subscription_items (
    namespace, subscription_id, phase_id, id, position, key, version, active_from, active_to, rate_card, feature_id
) VALUES (
    %(namespace)s, %(subscription_id)s, %(phase_id)s, %(id)s, %(position)s, %(key)s, %(version)s, %(active_from)s,
    %(active_to)s, %(rate_card)s, %(feature_id)s
)
ON CONFLICT (namespace, subscription_id, phase_id, id) DO UPDATE SET
    position = excluded.position, active_from = excluded.active_from, active_to = excluded.active_to,
    rate_card = excluded.rate_card, feature_id = excluded.feature_id

-- name: put_addon
INSERT INTO subscription_addons (
    namespace, subscription_id, id, addon_id, addon_key, addon_version, instance_type, name, description, metadata,
    cards, created_at, updated_at
) VALUES (
    %(namespace)s, %(subscription_id)s, %(id)s, %(addon_id)s, %(addon_key)s, %(addon_version)s, %(instance_type)s,
    %(name)s, %(description)s, %(metadata)s, %(cards)s, %(created_at)s, %(updated_at)s
)
ON CONFLICT (namespace, id) DO UPDATE SET
    name = excluded.name, description = excluded.description, metadata = excluded.metadata,
    updated_at = excluded.updated_at

-- name: put_quantity
INSERT INTO subscription_addon_quantities (namespace, subscription_addon_id, active_from, quantity)
VALUES (%(namespace)s, %(subscription_addon_id)s, %(active_from)s, %(quantity)s)
ON CONFLICT (namespace, subscription_addon_id, active_from) DO UPDATE SET quantity = excluded.quantity

-- name: remove_phases
DELETE FROM subscription_phases
WHERE namespace = %(namespace)s AND subscription_id = %(subscription_id)s AND id = ANY(%(ids)s)

-- name: remove_items
DELETE FROM subscription_items
WHERE namespace = %(namespace)s AND subscription_id = %(subscription_id)s AND id = ANY(%(ids)s)

-- name: claim
INSERT INTO subscription_claims (
    namespace, subscription_id, item_id, customer_id, feature_key, feature_id, is_metered, active_from, active_to
) VALUES (
    %(namespace)s, %(subscription_id)s, %(item_id)s, %(customer_id)s, %(feature_key)s, %(feature_id)s,
    %(is_metered)s, %(start)s, %(end)s
)

-- name: give_up_claims
DELETE FROM subscription_claims WHERE namespace = %(namespace)s AND subscription_id = %(subscription_id)s
