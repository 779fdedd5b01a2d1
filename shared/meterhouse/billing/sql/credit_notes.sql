-- name: find_note
SELECT * FROM credit_notes WHERE namespace = %(namespace)s AND id = %(id)s

-- name: notes_of_invoices
SELECT * FROM credit_notes WHERE namespace = %(namespace)s AND invoice_id = ANY(%(invoice_ids)s) ORDER BY issued_at, number

-- name: notes_to_tell
SELECT * FROM credit_notes
WHERE namespace = %(namespace)s AND customer_id = ANY(%(customer_ids)s) AND tell_at <= %(at)s
ORDER BY tell_at, number

-- name: deleted_to_tell
SELECT DISTINCT n.customer_id FROM credit_notes n
JOIN customers c ON c.namespace = n.namespace AND c.id = n.customer_id
WHERE n.namespace = %(namespace)s AND n.customer_id > %(after)s AND n.tell_at IS NOT NULL AND c.deleted_at IS NOT NULL
ORDER BY n.customer_id
LIMIT %(limit)s

-- name: has_pending_note
SELECT 1 FROM credit_notes
WHERE namespace = %(namespace)s AND customer_id = %(customer_id)s AND state = 'pending'
LIMIT 1

-- name: lines_of_notes
SELECT * FROM credit_note_lines WHERE namespace = %(namespace)s AND note_id = ANY(%(note_ids)s) ORDER BY note_id, line_id

-- name: matching
-- The condition of a list.
namespace = %(namespace)s
AND (%(customers)s::text[] IS NULL OR customer_id = ANY(%(customers)s))
AND (%(invoices)s::text[] IS NULL OR invoice_id = ANY(%(invoices)s))

-- name: add_note
INSERT INTO credit_notes (
    namespace, id, number, key, invoice_id, customer_id, currency, reason, refund, state, is_automatic, was_paid, grant_id,
    total, issued_at, updated_at, tell_at
) VALUES (
    %(namespace)s, %(id)s, %(number)s, %(key)s, %(invoice_id)s, %(customer_id)s, %(currency)s, %(reason)s, %(refund)s,
    %(state)s, %(is_automatic)s, %(was_paid)s, %(grant_id)s, %(total)s, %(issued_at)s, %(updated_at)s, %(tell_at)s
)

-- name: add_lines
INSERT INTO credit_note_lines (namespace, note_id, line_id, parts, taxes_inclusive, total, unused, credits)
SELECT %(namespace)s, %(note_id)s, line_id, parts, taxes_inclusive, total, unused, credits
FROM jsonb_to_recordset(%(lines)s::jsonb) AS line (
    line_id text, parts jsonb, taxes_inclusive numeric, total numeric, unused jsonb, credits numeric
)

-- name: save_note
UPDATE credit_notes SET state = %(state)s, voided_at = %(voided_at)s, updated_at = %(updated_at)s, was_paid = %(was_paid)s,
    external_id = %(external_id)s, failure = %(failure)s, attempt = %(attempt)s, tellings = %(tellings)s, tell_at = %(tell_at)s
WHERE namespace = %(namespace)s AND id = %(id)s
