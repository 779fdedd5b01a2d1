-- name: insert_gathering
-- One that exists keeps what it has, but the workflow: what is charged to credit has no other invoice that would say by
-- which it was.
INSERT INTO invoices (namespace, {columns}) SELECT %(namespace)s, {columns} FROM incoming_invoices
ON CONFLICT (namespace, id) DO UPDATE SET workflow = excluded.workflow WHERE invoices.workflow <> excluded.workflow

-- name: save_invoices
-- What may change of an invoice after it was made; whose it is and its currency never do.
INSERT INTO invoices (namespace, {columns}) SELECT %(namespace)s, {columns} FROM incoming_invoices
ON CONFLICT (namespace, id) DO UPDATE SET
    description = excluded.description, supplier = excluded.supplier, customer = excluded.customer,
    customer_name = excluded.customer_name, workflow = excluded.workflow,
    number = excluded.number, state = excluded.state, step = excluded.step, metadata = excluded.metadata,
    issues = excluded.issues, external_id = excluded.external_id, amount = excluded.amount,
    charges_total = excluded.charges_total, discounts_total = excluded.discounts_total,
    credits_total = excluded.credits_total, taxes_inclusive_total = excluded.taxes_inclusive_total,
    taxes_exclusive_total = excluded.taxes_exclusive_total, period_start = excluded.period_start,
    period_end = excluded.period_end, collection_at = excluded.collection_at,
    quantity_snapshotted_at = excluded.quantity_snapshotted_at, draft_until = excluded.draft_until,
    external_ids = excluded.external_ids, sent_to_customer_at = excluded.sent_to_customer_at,
    payment_attempt = excluded.payment_attempt, payment_failed_at = excluded.payment_failed_at,
    draft_synced_at = excluded.draft_synced_at, issuing_synced_at = excluded.issuing_synced_at,
    issued_at = excluded.issued_at, due_at = excluded.due_at, voided_at = excluded.voided_at,
    updated_at = excluded.updated_at, deleted_at = excluded.deleted_at, credited_net = excluded.credited_net,
    credited_taxes = excluded.credited_taxes

-- name: add_transitions
INSERT INTO invoice_transitions (namespace, {columns}) SELECT %(namespace)s, {columns} FROM incoming_transitions

-- name: take_numbers
-- The last of `count` numbers that nobody else has; the row stays locked until the transaction ends.
INSERT INTO invoice_numbers AS taken (namespace, scope, last_number) VALUES (%(namespace)s, %(scope)s, %(count)s)
ON CONFLICT (namespace, scope) DO UPDATE SET last_number = taken.last_number + %(count)s
RETURNING last_number

-- name: find_invoice
SELECT * FROM invoices WHERE namespace = %(namespace)s AND id = %(id)s

-- name: invoices_under_way
SELECT * FROM invoices
WHERE namespace = %(namespace)s AND customer_id = ANY(%(customer_ids)s)
    AND state NOT IN ('gathering', 'paid', 'voided', 'deleted', 'uncollectible')
ORDER BY customer_id, id

-- name: has_open_invoices
-- Whether money is still expected: pending lines, or an invoice that is not at its end.
SELECT 1 FROM invoices
WHERE namespace = %(namespace)s AND customer_id = %(customer_id)s
    AND state NOT IN ('gathering', 'paid', 'voided', 'deleted', 'uncollectible')
UNION ALL
SELECT 1 FROM invoice_lines WHERE namespace = %(namespace)s AND customer_id = %(customer_id)s AND is_pending
LIMIT 1

-- name: starts
-- The start of the period that an invoice shows; that of a gathering one is of what is pending on it.
CASE WHEN state = 'gathering' THEN (
    SELECT min(l.service_start) FROM invoice_lines l
    WHERE l.namespace = invoices.namespace AND l.invoice_id = invoices.id AND l.is_pending AND l.is_invoiced
) ELSE period_start END

-- name: name_of_customer
-- The name that an invoice shows; a gathering one has the customer's of today.
CASE WHEN state = 'gathering' THEN (
    SELECT c.name FROM customers c WHERE c.namespace = invoices.namespace AND c.id = invoices.customer_id
) ELSE customer_name END

-- name: changed_at
-- When an invoice was changed last; a gathering one is by what comes onto it, too.
CASE WHEN state = 'gathering' THEN greatest(updated_at, (
    SELECT max(l.updated_at) FROM invoice_lines l
    WHERE l.namespace = invoices.namespace AND l.invoice_id = invoices.id AND l.is_pending AND l.is_invoiced
)) ELSE updated_at END

-- name: matching
-- The condition of a list; a gathering invoice shows while something is pending on it.
namespace = %(namespace)s
AND (%(of_statuses)s::text[] IS NULL OR state = ANY(%(of_statuses)s))
AND (%(states)s::text[] IS NULL OR state = ANY(%(states)s))
AND (%(customers)s::text[] IS NULL OR customer_id = ANY(%(customers)s))
AND (%(issued_after)s::timestamptz IS NULL OR issued_at >= %(issued_after)s)
AND (%(issued_before)s::timestamptz IS NULL OR issued_at <= %(issued_before)s)
AND (%(period_start_after)s::timestamptz IS NULL OR {starts} >= %(period_start_after)s)
AND (%(period_start_before)s::timestamptz IS NULL OR {starts} <= %(period_start_before)s)
AND (%(created_after)s::timestamptz IS NULL OR created_at >= %(created_after)s)
AND (%(created_before)s::timestamptz IS NULL OR created_at <= %(created_before)s)
AND (%(include_deleted)s OR deleted_at IS NULL)
AND (state <> 'gathering' OR EXISTS (
    SELECT FROM invoice_lines l
    WHERE l.namespace = invoices.namespace AND l.invoice_id = invoices.id AND l.is_pending AND l.is_invoiced
))
