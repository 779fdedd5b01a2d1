-- name: charged_twice
-- Lines of which another one with the same key is live, too: the unique index refuses them when they are written.
SELECT id, key, customer_id, CASE WHEN is_pending THEN NULL ELSE invoice_id END AS invoice_id FROM (
    SELECT l.*, count(*) OVER (PARTITION BY l.key) AS live FROM invoice_lines l
    JOIN invoices i ON i.namespace = l.namespace AND i.id = l.invoice_id
    WHERE i.namespace = %(namespace)s AND i.customer_id = ANY(%(customer_ids)s) AND l.is_live
) lines
WHERE live > 1
ORDER BY id

-- name: overages_missing
-- Units that were charged to credit, and what it left of them is not what a line charges for in money.
SELECT l.id, l.key, l.customer_id, l.currency, left_.units, o.overage ->> 'units' AS charged
FROM invoice_lines l
CROSS JOIN LATERAL (SELECT l.amount - l.discounts_total + l.charges_total - l.credits_total AS units) left_
LEFT JOIN invoice_lines o ON o.namespace = l.namespace AND o.key = 'overage/' || l.key AND o.is_live
WHERE l.namespace = %(namespace)s AND l.customer_id = ANY(%(customer_ids)s) AND NOT l.is_invoiced
    AND l.invoice_currency IS NOT NULL AND l.settlement_mode <> 'credit_only' AND NOT l.is_pending AND l.is_live
    AND greatest(left_.units, 0) <> coalesce((o.overage ->> 'units')::numeric, 0)
ORDER BY l.id

-- name: settled_apart
-- Full periods that credit alone settles: what their lines come to, less what notes gave back to it, is what it burnt.
WITH settled AS (
    SELECT l.id, l.whole_key, l.customer_id, l.amount - l.discounts_total + l.charges_total - coalesce((
        SELECT sum(n.credits) FROM credit_note_lines n
        JOIN credit_notes c ON c.namespace = n.namespace AND c.id = n.note_id AND c.state = 'issued'
        WHERE n.namespace = l.namespace AND n.line_id = l.id
    ), 0) AS charged, coalesce((
        SELECT -sum(e.amount) FROM ledger_transactions t
        JOIN ledger_entries e ON e.namespace = t.namespace AND e.transaction_id = t.id AND e.entries = t.entries
        WHERE t.namespace = l.namespace AND t.charge = 'invoice_line/' || l.id || '/once'
            AND e.account IN ('customer_fbo', 'customer_advance')
    ), 0) AS borne
    FROM invoice_lines l
    WHERE l.namespace = %(namespace)s AND l.customer_id = ANY(%(customer_ids)s) AND l.settlement_mode = 'credit_only'
        AND NOT l.is_invoiced AND l.is_live AND NOT l.is_pending
)
SELECT min(id) AS id, whole_key AS key, customer_id, sum(charged) AS charged, sum(borne) AS borne
FROM settled
GROUP BY whole_key, customer_id
HAVING sum(charged) <> sum(borne)
ORDER BY 1

-- name: booked_apart
-- What is booked for an invoice of somebody else, or for none there is: what stands of an invoice is asked by its customer.
SELECT t.id, t.key, t.customer_id, t.invoice FROM ledger_transactions t
LEFT JOIN invoices i ON i.namespace = t.namespace AND i.id = t.invoice
WHERE t.namespace = %(namespace)s AND t.customer_id = ANY(%(customer_ids)s) AND t.invoice IS NOT NULL
    AND i.customer_id IS DISTINCT FROM t.customer_id
ORDER BY t.id

-- name: named_after
-- Whoever is rated no more counts, too: what was found of it before is closed.
SELECT customer_id, id FROM invoices
WHERE namespace = %(namespace)s AND customer_id = ANY(%(customer_ids)s) AND state <> 'gathering'
    AND (customer_id, id) > (%(after_customer)s, %(after_invoice)s)
ORDER BY customer_id, id
LIMIT %(limit)s

-- name: invoices_by_ids
SELECT * FROM invoices WHERE namespace = %(namespace)s AND id = ANY(%(ids)s) ORDER BY id

-- name: write_findings
-- What somebody let be stays so while it is the same; what was gone and is back is open again.
INSERT INTO audit_findings (namespace, id, kind, subject_id, customer_id, invoice_id, detail, found_at)
SELECT %(namespace)s, id, kind, subject_id, customer_id, invoice_id, detail, %(at)s
FROM jsonb_to_recordset(%(findings)s) AS found(
    id text, kind text, subject_id text, customer_id text, invoice_id text, detail text
)
ON CONFLICT (namespace, id) DO UPDATE SET
    detail = excluded.detail, invoice_id = excluded.invoice_id, found_at = excluded.found_at, resolved_at = NULL,
    reason = NULL
WHERE audit_findings.detail <> excluded.detail
    OR audit_findings.resolved_at IS NOT NULL AND audit_findings.reason IS NULL

-- name: close_of_customers
-- Of these customers what was not found any more. A line that is charged twice is found with them.
UPDATE audit_findings SET resolved_at = %(at)s
WHERE namespace = %(namespace)s AND customer_id = ANY(%(of)s) AND resolved_at IS NULL AND id <> ALL(%(ids)s)
    AND (invoice_id IS NULL OR kind = 'line_charged_twice')

-- name: close_of_invoices
UPDATE audit_findings SET resolved_at = %(at)s
WHERE namespace = %(namespace)s AND invoice_id = ANY(%(of)s) AND resolved_at IS NULL AND id <> ALL(%(ids)s)
    AND kind <> 'line_charged_twice'

-- name: count_open
SELECT count(*) AS of_all, count(*) FILTER (WHERE kind = ANY(%(of_ledger)s)) AS of_ledger FROM audit_findings
WHERE namespace = %(namespace)s AND customer_id = ANY(%(customer_ids)s) AND resolved_at IS NULL

-- name: count_standing
-- A draft that only waits for somebody to say what units are worth is no step of ours that failed.
SELECT count(*) FROM invoices
WHERE namespace = %(namespace)s AND customer_id = ANY(%(customer_ids)s) AND deleted_at IS NULL
    AND state = ANY(%(states)s) AND updated_at < %(before)s AND NOT (
        state = 'draft.invalid' AND issues @> '[{"code": "no_cost_basis"}]' AND NOT EXISTS (
            SELECT FROM jsonb_array_elements(issues) issue
            WHERE issue ->> 'severity' = 'critical' AND issue ->> 'code' <> 'no_cost_basis'
        )
    )

-- name: parked
SELECT DISTINCT invoice_id FROM audit_findings
WHERE namespace = %(namespace)s AND invoice_id = ANY(%(invoice_ids)s) AND resolved_at IS NULL

-- name: find
SELECT * FROM audit_findings WHERE namespace = %(namespace)s AND id = %(id)s FOR UPDATE

-- name: resolve
UPDATE audit_findings SET resolved_at = %(at)s, reason = %(reason)s WHERE namespace = %(namespace)s AND id = %(id)s

-- name: matching
namespace = %(namespace)s
    AND (%(is_open)s::boolean IS NULL OR (resolved_at IS NULL) = %(is_open)s)
    AND (%(kind)s::text IS NULL OR kind = %(kind)s)
