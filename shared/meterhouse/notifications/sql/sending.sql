-- name: waiting
-- Channels with a message that may be sent now, those first whose last turn is longest ago. A channel is locked while its
-- messages are leased, so that no two workers together send it more than it bears; SKIP LOCKED: they take other channels.
-- What was resent by hand does not wait for an endpoint that rests; a channel that was changed since begins anew. One that
-- is sent all it bears is left out: it would take the place of another.
SELECT c.*, e.attempted_at, e.failing_since, e.failures, e.resting_until, e.took_ms
FROM notification_channels c
LEFT JOIN notification_endpoints e ON e.namespace = c.namespace AND e.channel_id = c.id
CROSS JOIN LATERAL (
    SELECT count(*) AS sending FROM notification_deliveries d
    WHERE d.namespace = c.namespace AND d.channel_id = c.id AND d.leased_until > %(at)s
) s
WHERE c.namespace = %(namespace)s
    AND s.sending < CASE WHEN e.attempted_at >= c.updated_at THEN e.at_once ELSE %(most_at_once)s END
    AND EXISTS (
    SELECT FROM notification_deliveries d
    WHERE d.namespace = c.namespace AND d.channel_id = c.id AND d.next_attempt_at <= %(at)s
        AND (d.leased_until IS NULL OR d.leased_until <= %(at)s)
        AND (e.resting_until IS NULL OR e.resting_until <= %(at)s OR c.updated_at > e.attempted_at
             OR d.state = 'RESENDING' OR c.disabled OR c.deleted_at IS NOT NULL)
)
ORDER BY e.served_at NULLS FIRST, c.id
LIMIT %(limit)s
FOR NO KEY UPDATE OF c SKIP LOCKED

-- name: lease
-- The messages that have waited longest, of each channel as many as it bears beside those that are held: counted anew, for
-- they may be another worker's, which let go of the channel since. Of a resting one those that somebody asked for.
WITH chosen AS (
    SELECT d.event_id, d.channel_id
    FROM unnest(%(channels)s::text[], %(at_once)s::integer[], %(resting)s::boolean[]) AS t (channel_id, at_once, is_resting)
    CROSS JOIN LATERAL (
        SELECT event_id, channel_id FROM notification_deliveries
        WHERE namespace = %(namespace)s AND channel_id = t.channel_id AND next_attempt_at <= %(at)s
            AND (leased_until IS NULL OR leased_until <= %(at)s) AND (NOT t.is_resting OR state = 'RESENDING')
        ORDER BY next_attempt_at, event_id
        LIMIT greatest(0, t.at_once - (
            SELECT count(*) FROM notification_deliveries h
            WHERE h.namespace = %(namespace)s AND h.channel_id = t.channel_id AND h.leased_until > %(at)s
        ))
        FOR UPDATE SKIP LOCKED
    ) d
    LIMIT %(most)s
)
UPDATE notification_deliveries d SET lease = %(lease)s, leased_until = %(until)s
FROM chosen
WHERE d.namespace = %(namespace)s AND d.event_id = chosen.event_id AND d.channel_id = chosen.channel_id
RETURNING d.*, (
    SELECT count(*) FROM notification_attempts a
    WHERE a.namespace = d.namespace AND a.event_id = d.event_id AND a.channel_id = d.channel_id
        AND a.attempted_at >= d.started_at AND a.counts
) AS tries

-- name: serve
INSERT INTO notification_endpoints (namespace, channel_id, served_at)
SELECT %(namespace)s, channel_id, %(at)s FROM unnest(%(channels)s::text[]) AS channel_id
ON CONFLICT (namespace, channel_id) DO UPDATE SET served_at = excluded.served_at

-- name: channel
SELECT c.*, e.attempted_at, e.failing_since, e.failures, e.resting_until, e.took_ms
FROM notification_channels c
LEFT JOIN notification_endpoints e ON e.namespace = c.namespace AND e.channel_id = c.id
WHERE c.namespace = %(namespace)s AND c.id = %(channel_id)s
FOR NO KEY UPDATE OF c

-- name: settle
UPDATE notification_deliveries SET
    state = %(state)s, reason = %(reason)s, started_at = %(started_at)s, next_attempt_at = %(next_attempt_at)s,
    updated_at = %(updated_at)s, lease = NULL, leased_until = NULL
WHERE namespace = %(namespace)s AND event_id = %(event_id)s AND channel_id = %(channel_id)s AND lease = %(lease)s

-- name: add_attempt
INSERT INTO notification_attempts (
    namespace, event_id, channel_id, lease, attempted_at, counts, fault, status, body, url, took_ms
) VALUES (
    %(namespace)s, %(event_id)s, %(channel_id)s, %(lease)s, %(attempted_at)s, %(counts)s, %(fault)s, %(status)s,
    %(body)s, %(url)s, %(took_ms)s
) ON CONFLICT (namespace, event_id, channel_id, lease) DO NOTHING

-- name: keep_health
UPDATE notification_endpoints SET
    attempted_at = %(at)s, failing_since = %(failing_since)s, failures = %(failures)s,
    resting_until = %(resting_until)s, took_ms = %(took_ms)s, at_once = %(at_once)s
WHERE namespace = %(namespace)s AND channel_id = %(channel_id)s

-- name: fail_waiting
UPDATE notification_deliveries SET
    state = 'FAILED', reason = %(reason)s, next_attempt_at = NULL, updated_at = %(at)s, lease = NULL, leased_until = NULL
WHERE namespace = %(namespace)s AND channel_id = %(channel_id)s AND next_attempt_at IS NOT NULL
    AND (leased_until IS NULL OR leased_until <= %(at)s)

-- name: late
-- Channels whose messages are due for long, which do not rest, and which had no turn since.
SELECT count(*) AS late
FROM notification_channels c
LEFT JOIN notification_endpoints e ON e.namespace = c.namespace AND e.channel_id = c.id
WHERE c.namespace = %(namespace)s AND (e.served_at IS NULL OR e.served_at <= %(before)s)
    AND (e.resting_until IS NULL OR e.resting_until <= %(before)s OR c.updated_at > e.attempted_at)
    AND EXISTS (
        SELECT FROM notification_deliveries d
        WHERE d.namespace = c.namespace AND d.channel_id = c.id AND d.next_attempt_at <= %(before)s
    )

-- name: attempts
-- An endpoint that was down for days leaves hundreds: the latest of each message are shown.
SELECT attempt.* FROM notification_deliveries d
CROSS JOIN LATERAL (
    SELECT * FROM notification_attempts a
    WHERE a.namespace = d.namespace AND a.event_id = d.event_id AND a.channel_id = d.channel_id
    ORDER BY a.attempted_at DESC, a.lease DESC
    LIMIT %(most)s
) attempt
WHERE d.namespace = %(namespace)s AND d.event_id = ANY(%(ids)s)
ORDER BY attempt.event_id, attempt.channel_id, attempt.attempted_at DESC, attempt.lease DESC
