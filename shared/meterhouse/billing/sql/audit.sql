-- name: charged_twice
-- Lines of which another one with the same key is live, too: the unique index refuses them when they are written.
SELECT id, key, customer_id, CASE WHEN is_pending THEN NULL ELSE invoice_id END AS invoice_id FROM (
    SELECT l.*, count(*) OVER (PARTITION BY l.key) AS live FROM invoice_lines l
    JOIN invoices i ON i.namespace = l.namespace AND i.id = l.invoice_id
    WHERE i.namespace = %(namespace)s AND i.customer_id = ANY(%(customer_ids)s) AND l.is_live
) lines
WHERE live > 1
ORDER BY id

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
SELECT count(*) FROM invoices
WHERE namespace = %(namespace)s AND customer_id = ANY(%(customer_ids)s) AND deleted_at IS NULL
    AND state = ANY(%(states)s) AND updated_at < %(before)s

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
