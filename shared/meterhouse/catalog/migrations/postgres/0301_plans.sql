-- Phases with their rate cards are one document: a version is written and read as a whole.
CREATE TABLE plans (
    namespace text NOT NULL,
    id text NOT NULL,
    key text NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    name text NOT NULL,
    description text,
    currency text NOT NULL,
    billing_cadence text NOT NULL,
    is_prorated boolean NOT NULL,
    settlement_mode text NOT NULL,
    phases jsonb NOT NULL,
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
SELECT confine('plans');
CREATE UNIQUE INDEX plans_one_draft ON plans (namespace, key) WHERE effective_from IS NULL AND deleted_at IS NULL;
-- The service archives the version on sale before the next goes on sale; this keeps two open ends from ever meeting.
CREATE UNIQUE INDEX plans_one_open_end ON plans (namespace, key)
WHERE effective_from IS NOT NULL AND effective_to IS NULL AND deleted_at IS NULL;
