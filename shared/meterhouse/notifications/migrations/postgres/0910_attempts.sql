-- Whoever sends a message holds it for a minute; after a crash it is free again.
ALTER TABLE notification_deliveries ADD COLUMN lease text;
ALTER TABLE notification_deliveries ADD COLUMN leased_until timestamptz;
CREATE INDEX notification_deliveries_waiting ON notification_deliveries (namespace, channel_id, next_attempt_at, event_id)
    WHERE next_attempt_at IS NOT NULL;
CREATE INDEX notification_deliveries_leased ON notification_deliveries (namespace, channel_id)
    WHERE leased_until IS NOT NULL;

-- What was tried. `lease` is the one under which it was; `counts`: it was one of the message's own tries.
CREATE TABLE notification_attempts (
    namespace text NOT NULL,
    event_id text NOT NULL,
    channel_id text NOT NULL,
    lease text NOT NULL,
    attempted_at timestamptz NOT NULL,
    counts boolean NOT NULL,
    fault text NOT NULL,
    status integer,
    body text NOT NULL,
    url text NOT NULL,
    took_ms integer NOT NULL,
    PRIMARY KEY (namespace, event_id, channel_id, lease),
    FOREIGN KEY (namespace, event_id, channel_id) REFERENCES notification_deliveries (namespace, event_id, channel_id)
);
SELECT confine('notification_attempts');

-- How a channel did lately; one that nothing was sent to has no row. `served_at`: it had its turn; `at_once`:
-- how many messages it bears at a time.
CREATE TABLE notification_endpoints (
    namespace text NOT NULL,
    channel_id text NOT NULL,
    served_at timestamptz NOT NULL,
    attempted_at timestamptz,
    failing_since timestamptz,
    failures integer NOT NULL DEFAULT 0,
    resting_until timestamptz,
    took_ms integer NOT NULL DEFAULT 0,
    at_once integer,
    PRIMARY KEY (namespace, channel_id),
    FOREIGN KEY (namespace, channel_id) REFERENCES notification_channels (namespace, id)
);
SELECT confine('notification_endpoints');
