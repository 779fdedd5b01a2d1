-- name: add_backtest
INSERT INTO backtests (
    namespace, id, plan_id, plan_key, plan_version, spec, periods, as_of, requested_at, customers
) VALUES (
    %(namespace)s, %(id)s, %(plan_id)s, %(plan_key)s, %(plan_version)s, %(spec)s, %(periods)s, %(as_of)s,
    %(requested_at)s, %(customers)s
) ON CONFLICT DO NOTHING

-- name: add_customers
INSERT INTO backtest_customers (namespace, backtest_id, customer_id)
SELECT %(namespace)s, %(id)s, unnest(%(customer_ids)s::text[])

-- name: renew_backtest
-- Of two that ask for a lost one at once, the second finds it asked for already.
UPDATE backtests SET requested_at = %(at)s
WHERE namespace = %(namespace)s AND id = %(id)s AND finished_at IS NULL AND requested_at <= %(lost)s

-- name: find_backtest
SELECT * FROM backtests WHERE namespace = %(namespace)s AND plan_id = %(plan_id)s AND id = %(id)s

-- name: count_backtests
SELECT count(*) FROM backtests WHERE namespace = %(namespace)s AND plan_id = %(plan_id)s

-- name: backtests_of_plan
SELECT * FROM backtests
WHERE namespace = %(namespace)s AND plan_id = %(plan_id)s
ORDER BY requested_at {direction}, id {direction}
LIMIT %(limit)s OFFSET %(offset)s

-- name: pending_customers
SELECT customer_id FROM backtest_customers
WHERE namespace = %(namespace)s AND backtest_id = %(id)s AND state = 'pending'
    AND customer_id > %(after)s AND (%(up_to)s::text IS NULL OR customer_id <= %(up_to)s)
ORDER BY customer_id

-- name: edges
-- The last customer of every batch.
SELECT max(customer_id) AS up_to FROM (
    SELECT customer_id, (row_number() OVER (ORDER BY customer_id) - 1) / %(size)s AS batch
    FROM backtest_customers
    WHERE namespace = %(namespace)s AND backtest_id = %(id)s
) AS numbered
GROUP BY batch
ORDER BY up_to

-- name: settle_customers
-- Who is settled keeps what they have: a repeat meets its first writing.
UPDATE backtest_customers c SET
    state = r.state, period_start = r.period_start, period_end = r.period_end, periods = r.periods,
    old_total = r.old_total, new_total = r.new_total, reason_code = r.reason_code, reason = r.reason, lines = r.lines
FROM jsonb_to_recordset(%(rows)s::jsonb) AS r (
    customer_id text, state text, period_start timestamptz, period_end timestamptz, periods integer,
    old_total numeric, new_total numeric, reason_code text, reason text, lines jsonb
)
WHERE c.namespace = %(namespace)s AND c.backtest_id = %(id)s AND c.customer_id = r.customer_id AND c.state = 'pending'

-- name: sums_of_customers
SELECT old_total, new_total FROM backtest_customers
WHERE namespace = %(namespace)s AND backtest_id = %(id)s AND state = 'compared'

-- name: finish_backtest
UPDATE backtests SET summary = %(summary)s, finished_at = %(at)s
WHERE namespace = %(namespace)s AND id = %(id)s AND finished_at IS NULL

-- name: settled_customers
SELECT backtest_id, count(*) AS settled FROM backtest_customers
WHERE namespace = %(namespace)s AND backtest_id = ANY(%(ids)s) AND state <> 'pending'
GROUP BY backtest_id

-- name: customers_of_backtest
-- Without the lines: a page of them could be larger than an answer may be.
SELECT customer_id, state, period_start, period_end, periods, old_total, new_total, reason_code, reason
FROM backtest_customers
WHERE namespace = %(namespace)s AND backtest_id = %(id)s
ORDER BY {column} {direction} NULLS LAST, customer_id {direction}
LIMIT %(limit)s OFFSET %(offset)s

-- name: customer_of_backtest
SELECT * FROM backtest_customers
WHERE namespace = %(namespace)s AND backtest_id = %(id)s AND customer_id = %(customer_id)s
