-- name: seen
SELECT measured_at, period_start FROM notification_balances
WHERE namespace = %(namespace)s AND entitlement_id = %(entitlement_id)s
FOR UPDATE

-- name: note
-- No row: as new a balance was seen meanwhile.
INSERT INTO notification_balances (namespace, entitlement_id, measured_at, period_start)
VALUES (%(namespace)s, %(entitlement_id)s, %(measured_at)s, %(period_start)s)
ON CONFLICT (namespace, entitlement_id) DO UPDATE SET
    measured_at = excluded.measured_at, period_start = excluded.period_start
    WHERE notification_balances.measured_at < excluded.measured_at

-- name: told
SELECT * FROM notification_thresholds
WHERE namespace = %(namespace)s AND entitlement_id = %(entitlement_id)s AND rule_id = ANY(%(rule_ids)s)

-- name: keep
INSERT INTO notification_thresholds (namespace, rule_id, entitlement_id, kind, period_start, type, value, told)
VALUES (
    %(namespace)s, %(rule_id)s, %(entitlement_id)s, %(kind)s, %(period_start)s, %(type)s, %(value)s, %(told)s
)
ON CONFLICT (namespace, rule_id, entitlement_id, kind) DO UPDATE SET
    period_start = excluded.period_start, type = excluded.type, value = excluded.value, told = excluded.told

-- name: reset_at
SELECT created_at FROM usage_resets
WHERE namespace = %(namespace)s AND entitlement_id = %(entitlement_id)s AND at = %(at)s
