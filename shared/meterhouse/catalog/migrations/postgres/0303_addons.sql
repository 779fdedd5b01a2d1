-- Rate cards are one document: a version is written and read as a whole.
CREATE TABLE addons (
    namespace text NOT NULL,
    id text NOT NULL,
    key text NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    name text NOT NULL,
    description text,
    currency text NOT NULL,
    instance_type text NOT NULL CHECK (instance_type IN ('single', 'multiple')),
    rate_cards jsonb NOT NULL,
    metadata jsonb NOT NULL,
    effective_from timestamptz,
    effective_to timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    PRIMARY KEY (namespace, id),
    UNIQUE (namespace, key, version),
    CHECK (effective_to IS NULL OR effective_from <= effective_to)
);
SELECT confine('addons');
CREATE UNIQUE INDEX addons_one_draft ON addons (namespace, key) WHERE effective_from IS NULL AND deleted_at IS NULL;
CREATE UNIQUE INDEX addons_one_open_end ON addons (namespace, key)
WHERE effective_from IS NOT NULL AND effective_to IS NULL AND deleted_at IS NULL;

CREATE TABLE plan_addons (
    namespace text NOT NULL,
    id text NOT NULL,
    plan_id text NOT NULL,
    addon_id text NOT NULL,
    from_plan_phase text NOT NULL,
    max_quantity integer CHECK (max_quantity > 0),
    metadata jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    PRIMARY KEY (namespace, id),
    FOREIGN KEY (namespace, plan_id) REFERENCES plans (namespace, id),
    FOREIGN KEY (namespace, addon_id) REFERENCES addons (namespace, id)
);
SELECT confine('plan_addons');
CREATE UNIQUE INDEX plan_addons_once ON plan_addons (namespace, plan_id, addon_id) WHERE deleted_at IS NULL;
CREATE INDEX plan_addons_by_addon ON plan_addons (namespace, addon_id);

-- With what lists of it are ordered and chosen by; row level security is that of whoever asks.
CREATE VIEW plan_addon_versions WITH (security_invoker = true) AS
SELECT plan_addons.*, addons.key, addons.version
FROM plan_addons
JOIN addons ON addons.namespace = plan_addons.namespace AND addons.id = plan_addons.addon_id;
GRANT SELECT ON plan_addon_versions TO meterhouse_app;
