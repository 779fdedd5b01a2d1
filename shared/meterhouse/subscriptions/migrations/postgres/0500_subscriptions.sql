-- Equality of text inside a GiST index, for "one subscription at a time" as the database's own rule.
CREATE EXTENSION IF NOT EXISTS btree_gist;

-- What a namespace has settled for all its customers; without a row, one subscription at a time.
CREATE TABLE subscription_settings (
    namespace text PRIMARY KEY,
    allows_several boolean NOT NULL
);
SELECT confine('subscription_settings');

-- `is_alone`: made, or left, while the namespace allows a customer one subscription at a time.
CREATE TABLE subscriptions (
    namespace text NOT NULL,
    id text NOT NULL,
    customer_id text NOT NULL,
    plan_id text,
    plan_key text,
    plan_version integer,
    name text NOT NULL,
    description text,
    metadata jsonb NOT NULL,
    currency text NOT NULL,
    billing_cadence text NOT NULL,
    billing_anchor timestamptz NOT NULL,
    is_prorated boolean NOT NULL,
    settlement_mode text NOT NULL,
    active_from timestamptz NOT NULL,
    active_to timestamptz CHECK (active_to >= active_from),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    previous_id text,
    superseding_id text,
    is_alone boolean NOT NULL DEFAULT true,
    cost_basis_mode text NOT NULL DEFAULT 'dynamic' CHECK (cost_basis_mode IN ('dynamic', 'pinned')),
    pins jsonb NOT NULL DEFAULT '[]',
    PRIMARY KEY (namespace, id),
    CONSTRAINT one_subscription_at_a_time EXCLUDE USING gist (
        namespace WITH =, customer_id WITH =, tstzrange(active_from, active_to) WITH &&
    ) WHERE (deleted_at IS NULL AND is_alone)
);
CREATE INDEX subscriptions_of_customer ON subscriptions (namespace, customer_id, active_from)
WHERE deleted_at IS NULL;
SELECT confine('subscriptions');

CREATE TABLE subscription_phases (
    namespace text NOT NULL,
    subscription_id text NOT NULL,
    id text NOT NULL,
    position integer NOT NULL,
    key text NOT NULL,
    name text NOT NULL,
    description text,
    metadata jsonb NOT NULL,
    after_months integer NOT NULL,
    after_seconds bigint NOT NULL,
    active_from timestamptz NOT NULL,
    active_to timestamptz CHECK (active_to > active_from),
    PRIMARY KEY (namespace, subscription_id, id),
    UNIQUE (namespace, subscription_id, key),
    FOREIGN KEY (namespace, subscription_id) REFERENCES subscriptions (namespace, id)
);
SELECT confine('subscription_phases');

CREATE TABLE subscription_items (
    namespace text NOT NULL,
    subscription_id text NOT NULL,
    phase_id text NOT NULL,
    id text NOT NULL,
    position integer NOT NULL,
    key text NOT NULL,
    version integer NOT NULL,
    active_from timestamptz NOT NULL,
    active_to timestamptz CHECK (active_to >= active_from),
    rate_card jsonb NOT NULL,
    feature_id text,
    PRIMARY KEY (namespace, subscription_id, phase_id, id),
    UNIQUE (namespace, subscription_id, phase_id, key, version),
    FOREIGN KEY (namespace, subscription_id, phase_id)
    REFERENCES subscription_phases (namespace, subscription_id, id)
);
SELECT confine('subscription_items');

-- What was bought on top of the plan; its rate cards are those of the day it was bought.
CREATE TABLE subscription_addons (
    namespace text NOT NULL,
    subscription_id text NOT NULL,
    id text NOT NULL,
    addon_id text NOT NULL,
    addon_key text NOT NULL,
    addon_version integer NOT NULL,
    instance_type text NOT NULL CHECK (instance_type IN ('single', 'multiple')),
    name text NOT NULL,
    description text,
    metadata jsonb NOT NULL,
    cards jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (namespace, id),
    UNIQUE (namespace, subscription_id, addon_id),
    FOREIGN KEY (namespace, subscription_id) REFERENCES subscriptions (namespace, id)
);
SELECT confine('subscription_addons');

-- How many of an add-on there are, each row until the next one.
CREATE TABLE subscription_addon_quantities (
    namespace text NOT NULL,
    subscription_addon_id text NOT NULL,
    active_from timestamptz NOT NULL,
    quantity integer NOT NULL CHECK (quantity >= 0),
    PRIMARY KEY (namespace, subscription_addon_id, active_from),
    FOREIGN KEY (namespace, subscription_addon_id) REFERENCES subscription_addons (namespace, id)
);
SELECT confine('subscription_addon_quantities');

-- For which time a subscription has a feature: in an item, or by an add-on, with a price or an entitlement. Of one
-- customer nothing else has the feature then, several subscriptions or not.
CREATE TABLE subscription_claims (
    namespace text NOT NULL,
    subscription_id text NOT NULL,
    item_id text NOT NULL,
    customer_id text NOT NULL,
    feature_key text NOT NULL,
    feature_id text,
    is_metered boolean NOT NULL,
    active_from timestamptz NOT NULL,
    active_to timestamptz,
    PRIMARY KEY (namespace, subscription_id, item_id),
    FOREIGN KEY (namespace, subscription_id) REFERENCES subscriptions (namespace, id),
    CONSTRAINT one_item_of_a_feature_at_a_time EXCLUDE USING gist (
        namespace WITH =, customer_id WITH =, feature_key WITH =, tstzrange(active_from, active_to) WITH &&
    )
);
CREATE INDEX claims_of_feature ON subscription_claims (namespace, feature_id);
SELECT confine('subscription_claims');

-- A subscription with its phases, items and add-ons in one row; row level security is that of whoever asks.
CREATE VIEW subscription_details WITH (security_invoker = true) AS
SELECT s.*, (
    SELECT jsonb_agg(to_jsonb(p) || jsonb_build_object('items', (
        SELECT coalesce(jsonb_agg(to_jsonb(i) ORDER BY i.position), '[]')
        FROM subscription_items i
        WHERE i.namespace = p.namespace AND i.subscription_id = p.subscription_id AND i.phase_id = p.id
    )) ORDER BY p.position)
    FROM subscription_phases p
    WHERE p.namespace = s.namespace AND p.subscription_id = s.id
) AS phases, (
    SELECT coalesce(jsonb_agg(to_jsonb(a) || jsonb_build_object('quantities', (
        SELECT jsonb_agg(to_jsonb(q) ORDER BY q.active_from)
        FROM subscription_addon_quantities q
        WHERE q.namespace = a.namespace AND q.subscription_addon_id = a.id
    )) ORDER BY a.created_at, a.id), '[]')
    FROM subscription_addons a
    WHERE a.namespace = s.namespace AND a.subscription_id = s.id
) AS addons
FROM subscriptions s;
GRANT SELECT ON subscription_details TO meterhouse_app;
