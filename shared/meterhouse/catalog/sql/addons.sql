-- name: insert
INSERT INTO addons (
    namespace, id, key, version, name, description, currency, instance_type, rate_cards, metadata, effective_from,
    effective_to, created_at, updated_at
) VALUES (
    %(namespace)s, %(id)s, %(key)s, %(version)s, %(name)s, %(description)s, %(currency)s, %(instance_type)s,
    %(rate_cards)s, %(metadata)s, %(effective_from)s, %(effective_to)s, %(created_at)s, %(updated_at)s
)

-- name: update
UPDATE addons SET
    name = %(name)s, description = %(description)s, instance_type = %(instance_type)s, rate_cards = %(rate_cards)s,
    metadata = %(metadata)s, effective_from = %(effective_from)s, effective_to = %(effective_to)s,
    updated_at = %(updated_at)s, deleted_at = %(deleted_at)s
WHERE namespace = %(namespace)s AND id = %(id)s
