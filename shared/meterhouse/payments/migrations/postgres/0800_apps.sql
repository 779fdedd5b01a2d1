-- Installed apps. `config` is what the type needs to know and anybody may see; credentials are never here.
CREATE TABLE apps (
    namespace text NOT NULL,
    id text NOT NULL,
    type text NOT NULL CHECK (type IN ('sandbox', 'stripe', 'custom_invoicing')),
    name text NOT NULL,
    description text,
    metadata jsonb NOT NULL,
    status text NOT NULL CHECK (status IN ('ready', 'unauthorized')),
    config jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    PRIMARY KEY (namespace, id)
);
CREATE UNIQUE INDEX one_sandbox ON apps (namespace) WHERE type = 'sandbox' AND deleted_at IS NULL;
SELECT confine('apps');
