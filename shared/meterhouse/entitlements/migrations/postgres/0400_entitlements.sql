-- Equality of text inside a GiST index, for "one entitlement at a time" as the database's own rule.
CREATE EXTENSION IF NOT EXISTS btree_gist;

CREATE TABLE entitlements (
    namespace text NOT NULL,
    id text NOT NULL,
    customer_id text NOT NULL,
    feature_id text NOT NULL,
    feature_key text NOT NULL,
    type text NOT NULL CHECK (type IN ('metered', 'static', 'boolean')),
    active_from timestamptz NOT NULL,
    active_to timestamptz CHECK (active_to >= active_from),
    -- of a static one: JSON as it was written
    config text CHECK ((type = 'static') = (config IS NOT NULL)),
    -- the feature's, which never changes; of a metered one
    meter_id text CHECK ((type = 'metered') = (meter_id IS NOT NULL)),
    -- usage periods; all of them together, and always of a metered one
    cadence text CHECK (type <> 'metered' OR cadence IS NOT NULL),
    anchor timestamptz CHECK ((anchor IS NULL) = (cadence IS NULL)),
    measured_from timestamptz CHECK ((measured_from IS NULL) = (cadence IS NULL)),
    preserves_overage boolean NOT NULL,
    is_soft_limit boolean NOT NULL,
    issue_amount numeric,
    issue_priority smallint CHECK ((issue_priority IS NULL) = (issue_amount IS NULL)),
    changes integer NOT NULL DEFAULT 0,
    -- a subscription, and which of its items
    managed_by text,
    managed_item text CHECK ((managed_item IS NULL) = (managed_by IS NULL)),
    metadata jsonb NOT NULL,
    annotations jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    PRIMARY KEY (namespace, id),
    FOREIGN KEY (namespace, customer_id) REFERENCES customers,
    FOREIGN KEY (namespace, feature_id) REFERENCES features,
    CONSTRAINT one_entitlement_at_a_time EXCLUDE USING gist (
        namespace WITH =, customer_id WITH =, feature_key WITH =, tstzrange(active_from, active_to) WITH &&
    )
);
SELECT confine('entitlements');
CREATE INDEX entitlements_of_customer ON entitlements (namespace, customer_id, feature_key, active_from);
CREATE INDEX entitlements_of_subscription ON entitlements (namespace, managed_by) WHERE managed_by IS NOT NULL;
CREATE INDEX entitlements_by_creation ON entitlements (namespace, created_at, id);

CREATE TABLE grants (
    namespace text NOT NULL,
    id text NOT NULL,
    entitlement_id text NOT NULL,
    amount numeric NOT NULL CHECK (amount > 0),
    priority smallint NOT NULL CHECK (priority BETWEEN 1 AND 255),
    effective_at timestamptz NOT NULL,
    expires_at timestamptz CHECK (expires_at > effective_at),
    -- what expires_at was reckoned from
    expiration text CHECK ((expiration IS NULL) = (expires_at IS NULL)),
    recurrence_cadence text,
    recurrence_anchor timestamptz CHECK ((recurrence_anchor IS NULL) = (recurrence_cadence IS NULL)),
    min_rollover numeric NOT NULL CHECK (min_rollover >= 0),
    max_rollover numeric NOT NULL CHECK (max_rollover >= 0),
    voided_at timestamptz,
    metadata jsonb NOT NULL,
    annotations jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (namespace, id),
    FOREIGN KEY (namespace, entitlement_id) REFERENCES entitlements
);
SELECT confine('grants');
CREATE INDEX grants_of_entitlement ON grants (namespace, entitlement_id, effective_at);
CREATE INDEX grants_by_creation ON grants (namespace, created_at, id);

-- Resets that somebody asked for; those of the calendar are computed.
CREATE TABLE usage_resets (
    namespace text NOT NULL,
    entitlement_id text NOT NULL,
    at timestamptz NOT NULL,
    -- what periods follow from then on
    anchor timestamptz NOT NULL,
    preserves_overage boolean NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (namespace, entitlement_id, at),
    FOREIGN KEY (namespace, entitlement_id) REFERENCES entitlements
);
SELECT confine('usage_resets');

-- An entitlement with its manual resets in one row; row level security is that of whoever asks.
CREATE VIEW entitlement_details WITH (security_invoker = true) AS
SELECT e.*, (
    SELECT coalesce(jsonb_agg(to_jsonb(r) - 'namespace' - 'entitlement_id' - 'created_at' ORDER BY r.at), '[]')
    FROM usage_resets r
    WHERE r.namespace = e.namespace AND r.entitlement_id = e.id
) AS resets
FROM entitlements e;
GRANT SELECT ON entitlement_details TO meterhouse_app;
