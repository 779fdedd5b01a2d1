-- name: positions
-- Each grant with the sums of what moved it.
SELECT g.*, m.funded, m.burnt, m.expired, m.voided
FROM credit_grants g
CROSS JOIN LATERAL (
    SELECT
        coalesce(sum(e.amount) FILTER (WHERE t.kind = 'funded'), 0) AS funded,
        coalesce(-sum(e.amount) FILTER (WHERE t.kind = 'consumed'), 0) AS burnt,
        coalesce(-sum(e.amount) FILTER (WHERE t.kind = 'expired'), 0) AS expired,
        coalesce(-sum(e.amount) FILTER (WHERE t.kind = 'voided'), 0) AS voided
    FROM ledger_entries e
    JOIN ledger_transactions t ON t.namespace = e.namespace AND t.id = e.transaction_id AND t.entries = e.entries
    WHERE e.namespace = g.namespace AND e.customer_id = g.customer_id AND e.grant_id = g.id
        AND e.account = 'customer_fbo'
        AND (%(as_of)s::timestamptz IS NULL OR t.booked_at <= %(as_of)s)
) m
WHERE g.namespace = %(namespace)s AND g.customer_id = %(customer_id)s
    AND (%(currency)s::text IS NULL OR g.currency = %(currency)s)
ORDER BY g.id

-- name: advances
SELECT c.key, c.feature, c.at, c.name, -sum(e.amount) AS amount
FROM ledger_entries e
JOIN ledger_transactions t ON t.namespace = e.namespace AND t.id = e.transaction_id AND t.entries = e.entries
JOIN ledger_charges c ON c.namespace = t.namespace AND c.key = t.charge
WHERE e.namespace = %(namespace)s AND e.customer_id = %(customer_id)s AND e.account = 'customer_advance'
    AND e.currency = %(currency)s
    AND (%(as_of)s::timestamptz IS NULL OR t.booked_at <= %(as_of)s)
GROUP BY c.namespace, c.key
HAVING sum(e.amount) <> 0
ORDER BY c.at, c.key

-- name: currencies
SELECT currency FROM credit_grants WHERE namespace = %(namespace)s AND customer_id = %(customer_id)s
UNION
SELECT currency FROM ledger_entries
WHERE namespace = %(namespace)s AND customer_id = %(customer_id)s AND account = 'customer_advance'
ORDER BY currency

-- name: book
-- Transactions that are not written yet, and the entries of just those.
WITH given AS (
    SELECT * FROM jsonb_to_recordset(%(transactions)s) AS given(
        number integer, id text, key text, kind text, customer_id text, booked_at timestamptz, recorded_at timestamptz, charge text,
        name text, entries jsonb
    )
), written AS (
    INSERT INTO ledger_transactions (
        namespace, id, entries, key, kind, customer_id, booked_at, recorded_at, charge, name
    )
    SELECT %(namespace)s, id, jsonb_array_length(entries), key, kind, customer_id, booked_at, recorded_at, charge, name
    FROM given
    ORDER BY number
    ON CONFLICT (namespace, key) DO NOTHING
    RETURNING id, entries
)
INSERT INTO ledger_entries (
    namespace, transaction_id, number, entries, customer_id, account, currency, amount, grant_id, cost_rate,
    cost_currency, features, priority, payment
)
SELECT
    %(namespace)s, written.id, entry.number, written.entries, given.customer_id, entry.account, entry.currency,
    entry.amount, entry.grant_id, entry.cost_rate, entry.cost_currency, entry.features, entry.priority, entry.payment
FROM written
JOIN given USING (id)
CROSS JOIN LATERAL jsonb_to_recordset(given.entries) AS entry(
    number smallint, account text, currency text, amount numeric, grant_id text, cost_rate numeric, cost_currency text,
    features text[], priority smallint, payment text
)

-- name: add_charge
INSERT INTO ledger_charges (namespace, key, customer_id, currency, amount, mode, feature, name, at, recorded_at)
VALUES (
    %(namespace)s, %(key)s, %(customer_id)s, %(currency)s, %(amount)s, %(mode)s, %(feature)s, %(name)s, %(at)s,
    %(recorded_at)s
)

-- name: charge
SELECT * FROM ledger_charges
WHERE namespace = %(namespace)s AND key = %(key)s AND customer_id = %(customer_id)s

-- name: realised
-- What grants, or nobody yet, bear of a charge; what was given back was booked when it was burnt.
SELECT e.grant_id, CASE WHEN e.grant_id IS NULL THEN c.at ELSE t.booked_at END AS booked_at, -sum(e.amount) AS amount
FROM ledger_transactions t
JOIN ledger_entries e ON e.namespace = t.namespace AND e.transaction_id = t.id AND e.entries = t.entries
JOIN ledger_charges c ON c.namespace = t.namespace AND c.key = t.charge
WHERE t.namespace = %(namespace)s AND t.charge = %(key)s AND e.account IN ('customer_fbo', 'customer_advance')
GROUP BY 1, 2
HAVING sum(e.amount) <> 0
ORDER BY min(t.sequence), min(e.number)

-- name: accrued
SELECT e.cost_rate, e.cost_currency, sum(e.amount) AS amount
FROM ledger_transactions t
JOIN ledger_entries e ON e.namespace = t.namespace AND e.transaction_id = t.id AND e.entries = t.entries
WHERE t.namespace = %(namespace)s AND t.charge = %(key)s AND e.account = 'customer_accrued'
GROUP BY 1, 2
HAVING sum(e.amount) <> 0
ORDER BY 1, 2

-- name: has
SELECT 1 FROM ledger_transactions
WHERE namespace = %(namespace)s AND key = %(key)s

-- name: movements
-- From the newest to the oldest, each with the balance it leaves. At one instant credit comes before it is burnt, and
-- is burnt before it ends.
WITH moved AS (
    SELECT
        t.booked_at, CASE t.kind WHEN 'funded' THEN 0 WHEN 'consumed' THEN 1 ELSE 2 END AS rank, t.recorded_at, t.id,
        t.kind, t.name, e.currency, sum(e.amount) AS amount
    FROM ledger_transactions t
    JOIN ledger_entries e ON e.namespace = t.namespace AND e.transaction_id = t.id AND e.entries = t.entries
    WHERE t.namespace = %(namespace)s AND t.customer_id = %(customer_id)s AND t.booked_at <= %(at)s
        AND e.account IN ('customer_fbo', 'customer_advance')
        AND (%(is_all)s OR e.features IS NULL OR %(feature)s::text = ANY(e.features))
    GROUP BY t.namespace, t.id, t.entries, e.currency
    HAVING sum(e.amount) <> 0
    UNION ALL
    SELECT booked_at, CASE kind WHEN 'consumed' THEN 1 ELSE 2 END, booked_at, id, kind, name, currency, amount
    FROM jsonb_to_recordset(%(unwritten)s) AS unwritten(
        booked_at timestamptz, id text, kind text, name text, currency text, amount numeric
    )
    WHERE amount <> 0
), balanced AS (
    SELECT moved.*, sum(amount) OVER (PARTITION BY currency ORDER BY booked_at, rank, recorded_at, id) AS after
    FROM moved
)
SELECT * FROM balanced
WHERE (%(kind)s::text IS NULL OR kind = %(kind)s) AND (%(currency)s::text IS NULL OR currency = %(currency)s)
    AND (NOT %(has_after)s OR (booked_at, rank, recorded_at, id) < (
        %(after_booked_at)s::timestamptz, %(after_rank)s::integer, %(after_recorded_at)s::timestamptz, %(after_id)s::text
    ))
    AND (NOT %(has_before)s OR (booked_at, rank, recorded_at, id) > (
        %(before_booked_at)s::timestamptz, %(before_rank)s::integer, %(before_recorded_at)s::timestamptz,
        %(before_id)s::text
    ))
ORDER BY booked_at {direction}, rank {direction}, recorded_at {direction}, id {direction}
LIMIT %(limit)s
