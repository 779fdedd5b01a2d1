CREATE TABLE features (
    namespace text NOT NULL,
    id text NOT NULL,
    key text NOT NULL,
    name text NOT NULL,
    meter_id text,
    meter_slug text,
    filters jsonb NOT NULL,
    unit_cost numeric,
    metadata jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    archived_at timestamptz,
    PRIMARY KEY (namespace, id),
    CHECK ((meter_id IS NULL) = (meter_slug IS NULL))
);
SELECT confine('features');
CREATE UNIQUE INDEX features_live_key ON features (namespace, key) WHERE archived_at IS NULL;
CREATE INDEX features_by_key ON features (namespace, key, archived_at);
