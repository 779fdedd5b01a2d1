-- name: unbalanced
-- Transactions that lack entries, hold others' entries, or do not sum to zero in each currency. The database refuses
-- them when they are written; this finds what was done to it from outside.
SELECT t.id, t.key, t.customer_id, t.entries, coalesce(sum(s.entries), 0) AS found, coalesce(sum(s.strange), 0) AS strange,
    coalesce(string_agg(s.total || ' ' || s.currency, ', ' ORDER BY s.currency) FILTER (WHERE s.total <> 0), '') AS totals
FROM ledger_transactions t
LEFT JOIN LATERAL (
    SELECT e.currency, sum(e.amount) AS total, count(*) AS entries, count(*) FILTER (
        WHERE (e.customer_id, e.kind, e.booked_at) IS DISTINCT FROM (t.customer_id, t.kind, t.booked_at)
    ) AS strange
    FROM ledger_entries e
    WHERE e.namespace = t.namespace AND e.transaction_id = t.id
    GROUP BY e.currency
) s ON true
WHERE t.namespace = %(namespace)s AND t.customer_id = ANY(%(customer_ids)s)
GROUP BY t.namespace, t.id, t.entries
HAVING coalesce(sum(s.entries), 0) <> t.entries OR sum(s.strange) <> 0 OR bool_or(s.total <> 0)
ORDER BY t.id

-- name: standings
-- What the entries of each grant sum to, whatever they say they are.
SELECT grant_id, sum(amount) AS standing FROM ledger_entries
WHERE namespace = %(namespace)s AND customer_id = ANY(%(customer_ids)s) AND account = 'customer_fbo'
GROUP BY grant_id

-- name: invoiced
-- What each invoice was booked to be paid when it was issued.
SELECT t.invoice, -sum(e.amount) AS amount FROM ledger_transactions t
JOIN ledger_entries e ON e.namespace = t.namespace AND e.transaction_id = t.id
WHERE t.namespace = %(namespace)s AND t.invoice = ANY(%(invoice_ids)s) AND t.kind = 'invoiced'
    AND e.account = 'customer_receivable'
GROUP BY t.invoice

-- name: standing_of_invoices
-- What all transactions of each invoice and its credit notes come to; where nothing stands is left out. They are found by
-- their customers: the index of invoices has what was invoiced alone.
SELECT t.invoice, e.currency, concat_ws('/', e.account, e.payment) AS place, sum(e.amount) AS amount
FROM ledger_transactions t
JOIN ledger_entries e ON e.namespace = t.namespace AND e.transaction_id = t.id
WHERE t.namespace = %(namespace)s AND t.customer_id = ANY(%(customer_ids)s) AND t.invoice = ANY(%(invoice_ids)s)
GROUP BY 1, 2, 3
HAVING sum(e.amount) <> 0
