-- A cache: what the burn-down made of an entitlement until `at`, whatever takes effect at `at` included. One whose
-- `changes` are not the entitlement's, or whose `basis` is not today's, is void, and so is one older than a late mark.
CREATE TABLE balance_snapshots (
    namespace text NOT NULL,
    entitlement_id text NOT NULL,
    at timestamptz NOT NULL,
    changes integer NOT NULL,
    basis text NOT NULL,
    -- the last late-usage mark seen before the usage was read
    late_mark bigint NOT NULL,
    state jsonb NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (namespace, entitlement_id, at),
    FOREIGN KEY (namespace, entitlement_id) REFERENCES entitlements
);
SELECT confine('balance_snapshots');
-- A cache, written by the way.
SELECT unaudited('balance_snapshots');
