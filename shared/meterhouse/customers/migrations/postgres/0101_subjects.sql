CREATE TABLE subjects (
    namespace text NOT NULL,
    id text NOT NULL,
    key text NOT NULL,
    display_name text,
    metadata jsonb,
    stripe_customer_id text,
    current_period_start timestamptz,
    current_period_end timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    PRIMARY KEY (namespace, id)
);
CREATE UNIQUE INDEX subjects_live_key ON subjects (namespace, key) WHERE deleted_at IS NULL;
SELECT confine('subjects');
