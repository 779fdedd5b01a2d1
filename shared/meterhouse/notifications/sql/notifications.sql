-- name: by_ids
SELECT *, payload::text AS body FROM notification_events WHERE namespace = %(namespace)s AND id = ANY(%(ids)s)

-- name: matching
notification_events WHERE namespace = %(namespace)s
    AND (%(since)s::timestamptz IS NULL OR created_at >= %(since)s)
    AND (%(until)s::timestamptz IS NULL OR created_at < %(until)s)
    AND (%(features)s::text[] IS NULL OR feature_id = ANY(%(features)s) OR feature_key = ANY(%(features)s))
    AND (%(subjects)s::text[] IS NULL OR subject_id = ANY(%(subjects)s) OR subject_key = ANY(%(subjects)s))
    AND (%(rules)s::text[] IS NULL OR rule_id = ANY(%(rules)s))
    AND (%(channels)s::text[] IS NULL AND %(states)s::text[] IS NULL OR EXISTS (
        SELECT FROM notification_deliveries d
        WHERE d.namespace = %(namespace)s AND d.event_id = notification_events.id
            AND (%(channels)s::text[] IS NULL OR d.channel_id = ANY(%(channels)s))
            AND (%(states)s::text[] IS NULL OR d.state = ANY(%(states)s))
    ))

-- name: add
INSERT INTO notification_events (
    namespace, id, type, rule_id, created_at, payload, is_test,
    feature_id, feature_key, subject_id, subject_key, customer_id
) VALUES (
    %(namespace)s, %(id)s, %(type)s, %(rule_id)s, %(created_at)s, %(payload)s, %(is_test)s,
    %(feature_id)s, %(feature_key)s, %(subject_id)s, %(subject_key)s, %(customer_id)s
) ON CONFLICT (namespace, id) DO NOTHING

-- name: deliveries
SELECT * FROM notification_deliveries
WHERE namespace = %(namespace)s AND event_id = ANY(%(ids)s)
ORDER BY event_id, channel_id

-- name: locked_delivery
SELECT * FROM notification_deliveries
WHERE namespace = %(namespace)s AND event_id = %(event_id)s AND channel_id = %(channel_id)s
FOR UPDATE

-- name: add_delivery
INSERT INTO notification_deliveries (
    namespace, event_id, channel_id, state, reason, started_at, next_attempt_at, updated_at
) VALUES (
    %(namespace)s, %(event_id)s, %(channel_id)s, %(state)s, %(reason)s, %(started_at)s, %(next_attempt_at)s,
    %(updated_at)s
)

-- name: save_delivery
UPDATE notification_deliveries SET
    state = %(state)s, reason = %(reason)s, started_at = %(started_at)s, next_attempt_at = %(next_attempt_at)s,
    updated_at = %(updated_at)s
WHERE namespace = %(namespace)s AND event_id = %(event_id)s AND channel_id = %(channel_id)s

-- name: forget
-- Constraints are looked at when the statement ends: all three are gone by then.
WITH old AS (
    SELECT id FROM notification_events
    WHERE namespace = %(namespace)s AND created_at < %(before)s AND NOT EXISTS (
        SELECT FROM notification_deliveries d
        WHERE d.namespace = %(namespace)s AND d.event_id = notification_events.id AND d.next_attempt_at IS NOT NULL
    )
    ORDER BY created_at, id
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
), tried AS (
    DELETE FROM notification_attempts a USING old WHERE a.namespace = %(namespace)s AND a.event_id = old.id
), sent AS (
    DELETE FROM notification_deliveries d USING old WHERE d.namespace = %(namespace)s AND d.event_id = old.id
)
DELETE FROM notification_events e USING old WHERE e.namespace = %(namespace)s AND e.id = old.id
