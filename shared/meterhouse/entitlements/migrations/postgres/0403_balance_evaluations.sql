-- What the balance worker told of an entitlement last (`told`: how often it did, `digest`: of what), and when the entitlement
-- changes by itself next.
CREATE TABLE balance_evaluations (
    namespace text NOT NULL,
    entitlement_id text NOT NULL,
    told integer NOT NULL,
    digest text NOT NULL,
    evaluated_at timestamptz NOT NULL,
    due_at timestamptz,
    PRIMARY KEY (namespace, entitlement_id),
    FOREIGN KEY (namespace, entitlement_id) REFERENCES entitlements
);
SELECT confine('balance_evaluations');
CREATE INDEX balance_evaluations_due ON balance_evaluations (namespace, due_at) WHERE due_at IS NOT NULL;

-- Each time a balance passed a threshold in a usage period, and when it was back. One that holds when its period ends has
-- no end.
CREATE TABLE threshold_crossings (
    namespace text NOT NULL,
    entitlement_id text NOT NULL,
    period_start timestamptz NOT NULL,
    -- such as usage_percentage:75
    threshold text NOT NULL,
    nth integer NOT NULL CHECK (nth > 0),
    crossed_at timestamptz NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (namespace, entitlement_id, period_start, threshold, nth),
    FOREIGN KEY (namespace, entitlement_id) REFERENCES entitlements
);
SELECT confine('threshold_crossings');
-- The database's own rule: nobody crosses what was not left.
CREATE UNIQUE INDEX one_open_crossing ON threshold_crossings (namespace, entitlement_id, period_start, threshold)
WHERE ended_at IS NULL;
