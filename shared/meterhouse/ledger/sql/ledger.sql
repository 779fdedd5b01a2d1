-- name: holdings
-- Each grant with the sums of what moved it; then, without a grant, each charge of which something was burnt in advance
-- and is not covered. One statement: between two of them somebody might cover what the one saw with what the other saw.
SELECT g.*, coalesce(m.funded, 0) AS funded, coalesce(m.burnt, 0) AS burnt, coalesce(m.expired, 0) AS expired,
    coalesce(m.voided, 0) AS voided, g.customer_id AS owner_id, g.currency AS owner_currency, NULL AS charge,
    NULL AS charge_feature, NULL::timestamptz AS charged_at, NULL AS charge_name, NULL::numeric AS advance
FROM credit_grants g
LEFT JOIN (
    SELECT
        grant_id,
        sum(amount) FILTER (WHERE kind = 'funded') AS funded,
        -sum(amount) FILTER (WHERE kind = 'consumed') AS burnt,
        -sum(amount) FILTER (WHERE kind = 'expired') AS expired,
        -sum(amount) FILTER (WHERE kind = 'voided') AS voided
    FROM ledger_entries
    WHERE namespace = %(namespace)s AND customer_id = ANY(%(customer_ids)s) AND account = 'customer_fbo'
        AND (%(as_of)s::timestamptz IS NULL OR booked_at <= %(as_of)s)
    GROUP BY grant_id
) m ON m.grant_id = g.id
WHERE g.namespace = %(namespace)s AND g.customer_id = ANY(%(customer_ids)s)
    AND (%(currency)s::text IS NULL OR g.currency = %(currency)s)
UNION ALL
SELECT (NULL::credit_grants).*, NULL, NULL, NULL, NULL, c.customer_id, c.currency, c.key, c.feature, c.at, c.name,
    -sum(e.amount)
FROM ledger_entries e
JOIN ledger_transactions t ON t.namespace = e.namespace AND t.id = e.transaction_id AND t.entries = e.entries
JOIN ledger_charges c ON c.namespace = t.namespace AND c.key = t.charge
WHERE e.namespace = %(namespace)s AND e.customer_id = ANY(%(customer_ids)s) AND e.account = 'customer_advance'
    AND (%(currency)s::text IS NULL OR e.currency = %(currency)s)
    AND (%(as_of)s::timestamptz IS NULL OR e.booked_at <= %(as_of)s)
GROUP BY c.namespace, c.key
HAVING sum(e.amount) <> 0
ORDER BY owner_id, owner_currency, id

-- name: bookings
-- What a transaction and one of its entries are made of.
ledger_transactions JOIN ledger_entries USING (namespace, entries, customer_id, kind, booked_at)

-- name: book
-- Transactions in their order, and their entries with them: each of these stands beside its transaction's columns. A
-- key that was booked before is refused, and all else with it.
WITH booked AS (
    INSERT INTO ledger_transactions (
        namespace, id, entries, key, kind, customer_id, booked_at, recorded_at, charge, name, description, labels,
        invoice, is_whole
    )
    SELECT
        %(namespace)s, id, entries, key, kind, customer_id, booked_at, recorded_at, charge, name, description, labels,
        invoice, true
    FROM incoming_bookings
    WHERE number = 1
    ORDER BY sequence
)
INSERT INTO ledger_entries (
    namespace, transaction_id, number, entries, customer_id, kind, booked_at, account, currency, amount, grant_id,
    cost_rate, cost_currency, features, priority, payment
)
SELECT
    %(namespace)s, id, number, entries, customer_id, kind, booked_at, account, currency, amount, grant_id,
    cost_rate, cost_currency, features, priority, payment
FROM incoming_bookings

-- name: add_charges
INSERT INTO ledger_charges (namespace, {columns}) SELECT %(namespace)s, {columns} FROM incoming_charges

-- name: charges
SELECT * FROM ledger_charges WHERE namespace = %(namespace)s AND key = ANY(%(keys)s)

-- name: realised
-- What grants, or nobody yet, bear of a charge, in the order it was burnt; what was given back was booked then, too. The
-- least entry as a whole: what was given back is a transaction of its own, whose entries are numbered from 1 again.
SELECT
    t.charge, e.grant_id, CASE WHEN e.grant_id IS NULL THEN c.at ELSE t.booked_at END AS booked_at,
    -sum(e.amount) AS amount
FROM ledger_transactions t
JOIN ledger_entries e ON e.namespace = t.namespace AND e.transaction_id = t.id AND e.entries = t.entries
JOIN ledger_charges c ON c.namespace = t.namespace AND c.key = t.charge
WHERE t.namespace = %(namespace)s AND t.charge = ANY(%(keys)s) AND e.account IN ('customer_fbo', 'customer_advance')
GROUP BY 1, 2, 3
HAVING sum(e.amount) <> 0
ORDER BY 1, min(ARRAY[t.sequence, e.number::bigint])

-- name: burnt_at_first
-- By the transaction that charged; what was given back since, or covers what was burnt in advance, is of others.
SELECT t.charge, -sum(e.amount) AS amount
FROM ledger_transactions t
JOIN ledger_entries e ON e.namespace = t.namespace AND e.transaction_id = t.id AND e.entries = t.entries
WHERE t.namespace = %(namespace)s AND t.charge = ANY(%(keys)s) AND t.key = 'charge/' || t.charge
    AND e.account = 'customer_fbo'
GROUP BY 1

-- name: accrued
SELECT t.charge, e.cost_rate, e.cost_currency, sum(e.amount) AS amount
FROM ledger_transactions t
JOIN ledger_entries e ON e.namespace = t.namespace AND e.transaction_id = t.id AND e.entries = t.entries
WHERE t.namespace = %(namespace)s AND t.charge = ANY(%(keys)s) AND e.account = 'customer_accrued'
GROUP BY 1, 2, 3
HAVING sum(e.amount) <> 0
ORDER BY 1, 2, 3

-- name: receivables
-- What each invoice was booked to be paid, when it was issued.
SELECT t.invoice, -sum(e.amount) AS amount
FROM ledger_transactions t
JOIN ledger_entries e ON e.namespace = t.namespace AND e.transaction_id = t.id AND e.entries = t.entries
WHERE t.namespace = %(namespace)s AND t.invoice = ANY(%(invoices)s) AND t.kind = 'invoiced'
    AND e.account = 'customer_receivable'
GROUP BY 1

-- name: unearned
-- What was burnt in advance was earned at no known cost; once credit covers it, the one sum is below zero, the other not.
SELECT c.key FROM ledger_charges c
WHERE c.namespace = %(namespace)s AND c.customer_id = ANY(%(customer_ids)s) AND c.mode = 'credit_only' AND EXISTS (
    SELECT FROM ledger_transactions t
    JOIN ledger_entries e ON e.namespace = t.namespace AND e.transaction_id = t.id AND e.entries = t.entries
    WHERE t.namespace = c.namespace AND t.charge = c.key AND e.account = 'customer_accrued'
    GROUP BY e.cost_rate, e.cost_currency
    HAVING sum(e.amount) <> 0
)

-- name: written
SELECT key FROM ledger_transactions
WHERE namespace = %(namespace)s AND key = ANY(%(keys)s)

-- name: movements
-- From the newest to the oldest, each with the balance it leaves. At one instant credit comes before it is burnt, and
-- is burnt before it ends.
WITH moved AS (
    SELECT
        t.booked_at, CASE t.kind WHEN 'funded' THEN 0 WHEN 'consumed' THEN 1 ELSE 2 END AS rank, t.recorded_at, t.id,
        t.kind, t.name, t.description, t.labels, e.currency, sum(e.amount) AS amount
    FROM ledger_transactions t
    JOIN ledger_entries e ON e.namespace = t.namespace AND e.transaction_id = t.id AND e.entries = t.entries
    WHERE t.namespace = %(namespace)s AND t.customer_id = %(customer_id)s AND t.booked_at <= %(at)s
        AND e.account IN ('customer_fbo', 'customer_advance')
        AND (%(is_all)s OR e.features IS NULL OR %(feature)s::text = ANY(e.features))
    GROUP BY t.namespace, t.id, t.entries, e.currency
    HAVING sum(e.amount) <> 0
    UNION ALL
    SELECT
        booked_at, CASE kind WHEN 'consumed' THEN 1 ELSE 2 END, booked_at, id, kind, name, description, labels, currency,
        amount
    FROM jsonb_to_recordset(%(unwritten)s) AS unwritten(
        booked_at timestamptz, id text, kind text, name text, description text, labels jsonb, currency text,
        amount numeric
    )
    WHERE amount <> 0 AND NOT EXISTS (
        -- somebody has written it since
        SELECT FROM ledger_transactions t
        WHERE t.namespace = %(namespace)s AND t.customer_id = %(customer_id)s AND t.id = unwritten.id
    )
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
