-- name: billed_usage
-- The live lines for usage of these customers whose period ends after an instant; when what they charge for was read or
-- compared last, of whom, and whether it stands on an invoice that was issued, or is settled by credit alone.
SELECT l.*, i.subject_keys AS read_of, NOT l.is_invoiced OR i.issued_at IS NOT NULL AS is_billed,
    l.deleted_at IS NOT NULL OR i.deleted_at IS NOT NULL OR i.voided_at IS NOT NULL AS is_given_up,
    greatest(
        l.compared_at,
        CASE WHEN l.note_id IS NULL AND l.is_invoiced THEN i.quantity_snapshotted_at ELSE l.updated_at END
    ) AS read_at
FROM invoices i JOIN invoice_lines l ON l.namespace = i.namespace AND l.invoice_id = i.id
WHERE i.namespace = %(namespace)s AND i.customer_id = ANY(%(customer_ids)s) AND l.is_live
    AND l.rate_card -> 'price' ->> 'type' <> 'flat' AND l.overage IS NULL AND coalesce(l.whole_end, l.service_end) > %(after)s
ORDER BY l.created_at, l.service_end, l.key

-- name: customers_to_compare
-- Customers something is owed to, and those with an invoice that was issued lately, or what credit bore lately, whose usage
-- was read so soon after its own end that what came after need not be marked as late; a fee in advance beside it ends later.
-- Of each the invoices are looked up (OFFSET 0): of the namespace's, a run that drafts them makes more with every batch.
SELECT customer_id, min(since) AS since FROM (
    SELECT customer_id, coalesce(whole_start, service_start) AS since FROM invoice_lines
    WHERE namespace = %(namespace)s AND customer_id = ANY(%(customer_ids)s) AND owed_since IS NOT NULL
    UNION ALL
    SELECT found.* FROM unnest(%(customer_ids)s::text[]) AS wanted (id)
    CROSS JOIN LATERAL (
        SELECT i.customer_id, l.service_start FROM invoices i
        JOIN invoice_lines l ON l.namespace = i.namespace AND l.invoice_id = i.id
        WHERE i.namespace = %(namespace)s AND i.customer_id = wanted.id
            AND i.created_at > %(drafted_after)s AND i.issued_at > %(issued_after)s
            AND l.is_live AND l.rate_card -> 'price' ->> 'type' <> 'flat' AND l.overage IS NULL
            AND i.quantity_snapshotted_at < l.service_end + %(margin)s AND l.service_end + %(margin)s <= %(now)s
            AND (l.compared_at IS NULL OR l.compared_at < l.service_end + %(margin)s)
        OFFSET 0
    ) found
    UNION ALL
    SELECT l.customer_id, l.service_start FROM invoice_lines l
    WHERE l.namespace = %(namespace)s AND l.customer_id = ANY(%(customer_ids)s)
        AND NOT l.is_invoiced AND l.is_live AND NOT l.is_pending AND l.rate_card -> 'price' ->> 'type' <> 'flat'
        AND l.updated_at > %(issued_after)s AND l.updated_at < l.service_end + %(margin)s AND l.service_end + %(margin)s <= %(now)s
        AND (l.compared_at IS NULL OR l.compared_at < l.service_end + %(margin)s)
) found
GROUP BY customer_id

-- name: note_compared
UPDATE invoice_lines SET compared_at = %(at)s, owed_since = NULL WHERE namespace = %(namespace)s AND id = ANY(%(ids)s)

-- name: note_owed
UPDATE invoice_lines SET owed_since = %(at)s WHERE namespace = %(namespace)s AND id = ANY(%(ids)s)
