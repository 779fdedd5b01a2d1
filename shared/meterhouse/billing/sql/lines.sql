-- name: insert_lines
INSERT INTO invoice_lines (namespace, {columns}) SELECT %(namespace)s, {columns} FROM incoming_lines

-- name: in_memory
-- What a batch wrote is read once more by its checks, and need not go by way of a file for that.
SELECT set_config('work_mem', '16MB', true)

-- name: insert_missing_lines
-- A line that exists already keeps what it has: a repeat meets its first writing.
INSERT INTO invoice_lines (namespace, {columns}) SELECT %(namespace)s, {columns} FROM incoming_lines ON CONFLICT DO NOTHING

-- name: of_the_same_id
-- Of another key than the line that is there: it was taken for that, and nobody would ever bill it.
SELECT i.id FROM incoming_lines i JOIN invoice_lines l ON l.namespace = %(namespace)s AND l.id = i.id
WHERE (l.key, l.revision) <> (i.key, i.revision)
LIMIT 1

-- name: update_lines
UPDATE invoice_lines l SET
    is_live = i.is_live, invoice_id = i.invoice_id, is_pending = i.is_pending, name = i.name,
    rate_card = i.rate_card, feature_id = i.feature_id, is_prorated = i.is_prorated, is_terminal = i.is_terminal, service_start = i.service_start,
    service_end = i.service_end, full_service_start = i.full_service_start, full_service_end = i.full_service_end,
    billing_start = i.billing_start, billing_end = i.billing_end, whole_start = i.whole_start, whole_end = i.whole_end,
    invoice_at = i.invoice_at, quantity = i.quantity, quantity_before = i.quantity_before,
    amount = i.amount, charges_total = i.charges_total, discounts_total = i.discounts_total,
    credits_total = i.credits_total, taxes_inclusive_total = i.taxes_inclusive_total,
    taxes_exclusive_total = i.taxes_exclusive_total, detailed = i.detailed, trace = i.trace,
    managed_by = i.managed_by, updated_at = i.updated_at, deleted_at = i.deleted_at,
    settlement_mode = i.settlement_mode, credits = i.credits, grant_id = i.grant_id, is_taxed = i.is_taxed,
    subjects = i.subjects, note_id = i.note_id, invoice_currency = i.invoice_currency, cost_basis_id = i.cost_basis_id,
    overage = i.overage, agreed_end = i.agreed_end
FROM incoming_lines i
WHERE l.namespace = %(namespace)s AND l.id = i.id

-- name: remove_lines
-- Only what is pending may vanish; a line of a standard invoice stays.
DELETE FROM invoice_lines WHERE namespace = %(namespace)s AND id = ANY(%(ids)s) AND is_pending

-- name: pending_lines
SELECT * FROM invoice_lines
WHERE namespace = %(namespace)s AND customer_id = ANY(%(customer_ids)s) AND is_pending
ORDER BY customer_id, invoice_at, id

-- name: earliest_pending
SELECT min(service_start) AS earliest FROM invoice_lines WHERE namespace = %(namespace)s AND is_pending

-- name: due_lines
SELECT * FROM invoice_lines
WHERE namespace = %(namespace)s AND customer_id = ANY(%(customer_ids)s) AND is_pending AND invoice_at <= %(as_of)s
    AND is_invoiced = %(is_invoiced)s
ORDER BY customer_id, currency, invoice_at, id

-- name: lines_of_invoices
-- What credit alone settles is on no invoice, and neither are units of custom currencies and what a credit note bears.
SELECT * FROM invoice_lines
WHERE namespace = %(namespace)s AND invoice_id = ANY(%(invoice_ids)s) AND deleted_at IS NULL
    AND is_invoiced AND note_id IS NULL
ORDER BY invoice_id, service_start, key, revision

-- name: lines_settled_by_credit
SELECT * FROM invoice_lines
WHERE namespace = %(namespace)s AND invoice_id = %(invoice_id)s AND key = ANY(%(keys)s) AND is_live AND NOT is_pending
    AND NOT is_invoiced
ORDER BY service_start, key

-- name: lines_by_ids
SELECT * FROM invoice_lines WHERE namespace = %(namespace)s AND id = ANY(%(ids)s)

-- name: lines_by_keys
SELECT * FROM invoice_lines WHERE namespace = %(namespace)s AND key = ANY(%(keys)s) AND is_live

-- name: lines_of_grants
SELECT * FROM invoice_lines WHERE namespace = %(namespace)s AND grant_id = ANY(%(grant_ids)s) AND is_live

-- name: grants_unpaid_for_good
SELECT l.grant_id FROM invoice_lines l
JOIN invoices i ON i.namespace = l.namespace AND i.id = l.invoice_id
WHERE l.namespace = %(namespace)s AND l.grant_id = ANY(%(grant_ids)s) AND l.is_live
    AND i.state IN ('uncollectible', 'voided')

-- name: lines_taken_off
SELECT * FROM invoice_lines
WHERE namespace = %(namespace)s AND invoice_id = %(invoice_id)s AND deleted_at IS NOT NULL
ORDER BY deleted_at, service_start, key, revision

-- name: keys_of_subscriptions
-- Here and below lines are looked up one by one (OFFSET 0 forbids another way): of tables that were not counted lately
-- the planner would read all that the namespace has, in every batch of a run.
SELECT found.key, bool_or(found.is_live) AS is_live, max(found.revision) AS revision
FROM unnest(%(subscription_ids)s::text[]) AS wanted (id)
CROSS JOIN LATERAL (
    SELECT key, is_live, revision FROM invoice_lines
    WHERE namespace = %(namespace)s AND subscription_id = wanted.id OFFSET 0
) found
GROUP BY found.key

-- name: parts_of_subscriptions
-- Flat fees invoiced for a part of their period, unless that part was charged as if it were the whole; those that callers
-- wrote, up to where they were asked for then; and usage that was invoiced while its period went on (`is_part`). Rests of
-- fees, however they were charged (`is_rest`).
SELECT found.* FROM unnest(%(subscription_ids)s::text[]) AS wanted (id)
CROSS JOIN LATERAL (
    SELECT l.key, l.service_start, greatest(l.service_end, l.agreed_end) AS service_end, a.is_part, a.is_rest
    FROM invoice_lines l
    JOIN invoices i ON i.namespace = l.namespace AND i.id = l.invoice_id
    CROSS JOIN LATERAL (
        SELECT position('/from[' IN l.key) > 0 AS is_rest, (
            l.whole_start IS NOT NULL
            OR l.agreed_end IS NOT NULL
            OR l.is_prorated AND l.rate_card -> 'price' ->> 'type' = 'flat'
            AND (l.service_start, l.service_end) <> (l.full_service_start, l.full_service_end)
            AND NOT (l.is_terminal AND i.workflow ->> 'end_proration' = 'bill_full_period')
        ) AS is_part
    ) a
    WHERE l.namespace = %(namespace)s AND l.subscription_id = wanted.id
        AND l.is_live AND NOT l.is_pending AND position('/late[' IN l.key) = 0 AND (a.is_part OR a.is_rest)
    OFFSET 0
) found

-- name: prepaid_of_subscriptions
-- Recurring, prorated flat fees in advance on standard invoices that stand, or charged to credit alone; what is charged in
-- full although its subscription ends is paid up to the end of its full period. Of fees in units: whether what credit left
-- of them is never charged for. What callers priced for a part of its period is charged as they wrote it: it is prorated no
-- more.
SELECT found.* FROM unnest(%(subscription_ids)s::text[]) AS wanted (id)
CROSS JOIN LATERAL (
    SELECT l.key, l.invoice_id, l.currency, l.service_start, l.full_service_start, l.full_service_end,
        CASE WHEN l.is_terminal AND i.workflow ->> 'end_proration' = 'bill_full_period'
            THEN l.full_service_end ELSE l.service_end END AS service_end,
        (l.rate_card -> 'price' ->> 'amount')::numeric AS amount,
        (l.rate_card -> 'discounts' ->> 'percentage')::numeric AS percentage,
        i.workflow ->> 'end_proration' = 'bill_full_period' AS bills_full,
        i.issues @> '[{"code": "line_reaches_too_far"}]' AS is_flagged, l.managed_by = 'manual' AS is_by_hand,
        l.is_prorated,
        (SELECT jsonb_agg(u.value) FROM credit_note_lines n
            JOIN credit_notes c ON c.namespace = n.namespace AND c.id = n.note_id
            CROSS JOIN jsonb_array_elements(n.unused) u
            WHERE n.namespace = l.namespace AND n.line_id = l.id AND c.state = 'issued') AS unused,
        l.amount - l.discounts_total + l.charges_total AS charged, l.credits_total AS borne,
        l.invoice_currency IS NOT NULL AND l.settlement_mode <> 'credit_only'
            AND l.amount - l.discounts_total + l.charges_total > l.credits_total
            AND NOT EXISTS (SELECT FROM invoice_lines o
                JOIN invoices of_o ON of_o.namespace = o.namespace AND of_o.id = o.invoice_id
                WHERE o.namespace = l.namespace AND o.key = 'overage/' || l.key AND o.is_live AND o.deleted_at IS NULL
                    AND of_o.deleted_at IS NULL AND of_o.voided_at IS NULL) AS is_given_up
    FROM invoice_lines l
    JOIN invoices i ON i.namespace = l.namespace AND i.id = l.invoice_id
    WHERE l.namespace = %(namespace)s AND l.subscription_id = wanted.id
        AND l.is_live AND NOT l.is_pending AND l.deleted_at IS NULL AND (l.is_prorated OR l.managed_by = 'manual')
        AND i.deleted_at IS NULL AND i.voided_at IS NULL
        AND l.rate_card -> 'price' ->> 'type' = 'flat' AND l.rate_card -> 'price' ->> 'payment_term' = 'in_advance'
        AND l.rate_card ->> 'billing_cadence' IS NOT NULL
    OFFSET 0
) found
ORDER BY found.key

-- name: related_lines
-- Lines that charge for a part of the same full periods as those of `wholes`; and where a line is itself such a part, the
-- first (`firsts`). One that was given up counts before it is rated, too; what gives back on a draft that is refused for
-- it does not.
SELECT l.* FROM (
    SELECT found.* FROM unnest(%(firsts)s::text[]) AS wanted (key)
    CROSS JOIN LATERAL (
        SELECT * FROM invoice_lines WHERE namespace = %(namespace)s AND key = wanted.key AND is_live OFFSET 0
    ) found
    UNION ALL
    SELECT found.* FROM unnest(%(wholes)s::text[]) AS whole (key)
    CROSS JOIN LATERAL (
        SELECT * FROM invoice_lines
        WHERE namespace = %(namespace)s AND whole_key = whole.key AND key <> whole_key AND is_live OFFSET 0
    ) found
) l
CROSS JOIN LATERAL (
    SELECT * FROM invoices WHERE namespace = l.namespace AND id = l.invoice_id OFFSET 0
) i
WHERE NOT l.is_pending
    AND (l.quantity IS NOT NULL OR l.deleted_at IS NOT NULL OR i.deleted_at IS NOT NULL OR i.voided_at IS NOT NULL)
    AND NOT (
        l.amount - l.discounts_total + l.charges_total < 0 AND i.issued_at IS NULL
        AND i.issues @> '[{"code": "negative_total"}]'
    )
ORDER BY l.service_end, l.key

-- name: family_lines
SELECT * FROM invoice_lines
WHERE namespace = %(namespace)s AND (key = %(whole)s OR (whole_key = %(whole)s AND key <> whole_key))
    AND NOT is_pending AND quantity IS NOT NULL
ORDER BY service_end, key, revision

-- name: standing_of_subscriptions
-- On invoices that count: issued ones, or drafts, and what is on none; of units in custom currencies those, and not what
-- credit left of them.
SELECT l.* FROM invoice_lines l
JOIN invoices i ON i.namespace = l.namespace AND i.id = l.invoice_id
WHERE l.namespace = %(namespace)s AND l.subscription_id = ANY(%(subscription_ids)s) AND l.service_start >= %(since)s
    AND l.is_live AND NOT l.is_pending AND l.deleted_at IS NULL AND l.note_id IS NULL AND l.overage IS NULL
    AND (i.issued_at IS NOT NULL) = %(is_issued)s AND i.voided_at IS NULL AND i.deleted_at IS NULL

-- name: given_back
-- By line, what was given back of it for time that is not served, in money and to credit; taxes on top are a part of
-- their own. Of one in units it is units, too: those that the money for what credit left of it was for.
SELECT noted.line_id, sum(noted.part * (n.credits + m.net)) AS net
FROM (
    SELECT id AS line_id, id, 1 AS part FROM unnest(%(line_ids)s::text[]) id
    UNION ALL
    SELECT l.id, o.id, (o.overage ->> 'units')::numeric / (o.amount - o.discounts_total + o.charges_total)
    FROM invoice_lines l
    JOIN invoice_lines o ON o.namespace = l.namespace AND o.key = 'overage/' || l.key AND o.is_live
    WHERE l.namespace = %(namespace)s AND l.id = ANY(%(line_ids)s) AND o.amount - o.discounts_total + o.charges_total > 0
) noted
JOIN credit_note_lines n ON n.namespace = %(namespace)s AND n.line_id = noted.id
JOIN credit_notes c ON c.namespace = n.namespace AND c.id = n.note_id
CROSS JOIN LATERAL (
    SELECT coalesce(sum((part.value ->> 1)::numeric), 0) AS net FROM jsonb_array_elements(n.parts) part
    WHERE part.value ->> 0 <> 'taxes'
) m
WHERE c.is_automatic AND c.state = 'issued'
GROUP BY noted.line_id
HAVING sum(n.credits + m.net) <> 0

-- name: features_to_bill
-- Sold for usage, and not yet at an end up to which the usage stands on invoices; or named by a line by hand whose
-- usage was not read yet.
SELECT DISTINCT c.feature_id FROM subscription_claims c
WHERE c.namespace = %(namespace)s AND c.feature_id = ANY(%(feature_ids)s) AND c.is_metered AND NOT (
    c.active_to IS NOT NULL AND c.active_to <= %(at)s AND (
        c.active_to = c.active_from OR EXISTS (
            SELECT FROM invoice_lines l
            WHERE l.namespace = c.namespace AND l.subscription_id = c.subscription_id AND l.feature_id = c.feature_id
                AND l.service_end >= c.active_to AND l.is_live AND (l.quantity IS NOT NULL OR l.deleted_at IS NOT NULL)
        )
    )
)
UNION
SELECT l.feature_id FROM invoice_lines l
JOIN invoices i ON i.namespace = l.namespace AND i.id = l.invoice_id
WHERE l.namespace = %(namespace)s AND l.feature_id = ANY(%(feature_ids)s) AND l.managed_by = 'manual'
    AND l.is_live AND l.quantity IS NULL AND l.deleted_at IS NULL AND l.rate_card -> 'price' ->> 'type' <> 'flat' AND i.state <> 'deleted'

-- name: revenue
-- What invoices that stand charge for services that begin in [from, to): before taxes, and before prepaid credit, which
-- was paid for before; what is paid for credit itself is no revenue until the credit is burnt. Credit that was given away
-- is not told apart: what it bears counts, too. What credit notes took back, in money and in credit, is no revenue.
SELECT l.customer_id, l.rate_card ->> 'feature_key' AS feature_key, l.currency,
    sum(l.amount - l.discounts_total + l.charges_total - l.taxes_inclusive_total - coalesce(taken.net, 0)) AS amount
FROM invoice_lines l
JOIN invoices i ON i.namespace = l.namespace AND i.id = l.invoice_id
CROSS JOIN LATERAL (
    SELECT sum(n.total + n.credits - n.taxes_inclusive - (
        SELECT coalesce(sum((part ->> 1)::numeric), 0) FROM jsonb_array_elements(n.parts) part WHERE part ->> 0 = 'taxes'
    )) AS net
    FROM credit_note_lines n
    JOIN credit_notes c ON c.namespace = n.namespace AND c.id = n.note_id AND c.state = 'issued'
    WHERE n.namespace = l.namespace AND n.line_id = l.id
) taken
WHERE l.namespace = %(namespace)s AND l.deleted_at IS NULL AND l.grant_id IS NULL
    AND l.service_start >= %(from)s AND l.service_start < %(to)s
    AND i.issued_at IS NOT NULL AND i.voided_at IS NULL AND i.deleted_at IS NULL
GROUP BY 1, 2, 3
