-- Where notifications go. `config` is what anybody may see of the destination; credentials are never here.
CREATE TABLE notification_channels (
    namespace text NOT NULL,
    id text NOT NULL,
    type text NOT NULL CHECK (type IN ('WEBHOOK', 'EMAIL', 'SLACK')),
    name text NOT NULL,
    disabled boolean NOT NULL,
    disabled_reason text CHECK (disabled_reason IS NULL OR disabled),
    metadata jsonb,
    config jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    PRIMARY KEY (namespace, id)
);
SELECT confine('notification_channels');

-- What somebody wants to be told of. `features` are {id, key}; none: every feature. Resets before `since` are not told.
CREATE TABLE notification_rules (
    namespace text NOT NULL,
    id text NOT NULL,
    type text NOT NULL,
    name text NOT NULL,
    disabled boolean NOT NULL,
    metadata jsonb,
    channel_ids text[] NOT NULL,
    thresholds jsonb NOT NULL,
    features jsonb NOT NULL,
    since timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    PRIMARY KEY (namespace, id)
);
CREATE INDEX active_notification_rules ON notification_rules (namespace, type)
    WHERE deleted_at IS NULL AND NOT disabled;
SELECT confine('notification_rules');

-- What was told. `payload` is the body of the messages: json, not jsonb, keeps it byte for byte.
CREATE TABLE notification_events (
    namespace text NOT NULL,
    id text NOT NULL,
    type text NOT NULL,
    rule_id text NOT NULL,
    created_at timestamptz NOT NULL,
    payload json NOT NULL,
    is_test boolean NOT NULL,
    feature_id text,
    feature_key text,
    subject_id text,
    subject_key text,
    customer_id text,
    PRIMARY KEY (namespace, id),
    FOREIGN KEY (namespace, rule_id) REFERENCES notification_rules (namespace, id)
);
CREATE INDEX notification_events_by_time ON notification_events (namespace, created_at, id);
CREATE INDEX notification_events_of_rule ON notification_events (namespace, rule_id, created_at);
CREATE INDEX notification_events_of_subject ON notification_events (namespace, subject_key, created_at);
SELECT confine('notification_events');

-- The way of an event to one of the rule's channels; what was tried is in notification_attempts.
CREATE TABLE notification_deliveries (
    namespace text NOT NULL,
    event_id text NOT NULL,
    channel_id text NOT NULL,
    state text NOT NULL CHECK (state IN ('PENDING', 'SENDING', 'SUCCESS', 'FAILED', 'RESENDING')),
    reason text NOT NULL,
    started_at timestamptz NOT NULL,
    next_attempt_at timestamptz,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (namespace, event_id, channel_id),
    FOREIGN KEY (namespace, event_id) REFERENCES notification_events (namespace, id),
    FOREIGN KEY (namespace, channel_id) REFERENCES notification_channels (namespace, id),
    CHECK ((next_attempt_at IS NULL) = (state IN ('SUCCESS', 'FAILED')))
);
CREATE INDEX notification_deliveries_due ON notification_deliveries (namespace, next_attempt_at)
    WHERE next_attempt_at IS NOT NULL;
CREATE INDEX notification_deliveries_of_channel ON notification_deliveries (namespace, channel_id, updated_at);
SELECT confine('notification_deliveries');

-- The last balance of an entitlement that rules were held against: what is older tells nothing.
CREATE TABLE notification_balances (
    namespace text NOT NULL,
    entitlement_id text NOT NULL,
    measured_at timestamptz NOT NULL,
    period_start timestamptz NOT NULL,
    PRIMARY KEY (namespace, entitlement_id)
);
SELECT confine('notification_balances');

-- The threshold that a rule told of last in a usage period; `kind` is usage or balance, `told` counts in the period.
CREATE TABLE notification_thresholds (
    namespace text NOT NULL,
    rule_id text NOT NULL,
    entitlement_id text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('usage', 'balance')),
    period_start timestamptz NOT NULL,
    type text NOT NULL,
    value numeric NOT NULL,
    told integer NOT NULL CHECK (told > 0),
    PRIMARY KEY (namespace, rule_id, entitlement_id, kind)
);
SELECT confine('notification_thresholds');
