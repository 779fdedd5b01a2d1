-- What customers would have paid under another plan. No invoice refers to any of this.
CREATE TABLE backtests (
    namespace text NOT NULL,
    id text NOT NULL,
    plan_id text NOT NULL,
    plan_key text NOT NULL,
    plan_version integer NOT NULL,
    spec jsonb NOT NULL,
    periods integer NOT NULL,
    as_of timestamptz NOT NULL,
    requested_at timestamptz NOT NULL,
    customers integer NOT NULL,
    summary jsonb,
    finished_at timestamptz,
    PRIMARY KEY (namespace, id),
    CHECK ((summary IS NULL) = (finished_at IS NULL))
);
CREATE INDEX backtests_of_plan ON backtests (namespace, plan_id, requested_at, id);
SELECT confine('backtests');

CREATE TABLE backtest_customers (
    namespace text NOT NULL,
    backtest_id text NOT NULL,
    customer_id text NOT NULL,
    state text NOT NULL DEFAULT 'pending',
    period_start timestamptz,
    period_end timestamptz,
    periods integer NOT NULL DEFAULT 0,
    old_total numeric,
    new_total numeric,
    difference numeric GENERATED ALWAYS AS (new_total - old_total) STORED,
    reason_code text,
    reason text,
    lines jsonb,
    PRIMARY KEY (namespace, backtest_id, customer_id),
    FOREIGN KEY (namespace, backtest_id) REFERENCES backtests (namespace, id)
);
SELECT confine('backtest_customers');
