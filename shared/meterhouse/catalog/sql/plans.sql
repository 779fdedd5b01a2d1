-- name: insert
INSERT INTO plans (
    namespace, id, key, version, name, description, currency, billing_cadence, is_prorated, settlement_mode, phases,
    metadata, effective_from, effective_to, created_at, updated_at
) VALUES (
    %(namespace)s, %(id)s, %(key)s, %(version)s, %(name)s, %(description)s, %(currency)s, %(billing_cadence)s,
    %(is_prorated)s, %(settlement_mode)s, %(phases)s, %(metadata)s, %(effective_from)s, %(effective_to)s,
    %(created_at)s, %(updated_at)s
)

-- name: update
UPDATE plans SET
    name = %(name)s, description = %(description)s, currency = %(currency)s, billing_cadence = %(billing_cadence)s,
    is_prorated = %(is_prorated)s, settlement_mode = %(settlement_mode)s, phases = %(phases)s, metadata = %(metadata)s,
    effective_from = %(effective_from)s, effective_to = %(effective_to)s, updated_at = %(updated_at)s,
    deleted_at = %(deleted_at)s
WHERE namespace = %(namespace)s AND id = %(id)s
