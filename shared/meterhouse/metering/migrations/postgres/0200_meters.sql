CREATE TABLE meters (
    namespace text NOT NULL REFERENCES namespaces,
    id text NOT NULL,
    slug text NOT NULL,
    name text NOT NULL,
    aggregation text NOT NULL,
    event_type text NOT NULL,
    value_property text,
    group_by jsonb NOT NULL,
    event_from timestamptz,
    description text,
    metadata jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    revision integer NOT NULL DEFAULT 0,
    PRIMARY KEY (namespace, id)
);
CREATE UNIQUE INDEX meters_slug ON meters (namespace, slug) WHERE deleted_at IS NULL;
CREATE INDEX meters_event_type ON meters (namespace, event_type) WHERE deleted_at IS NULL;
SELECT confine('meters');
