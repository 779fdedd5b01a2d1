-- name: told_until
-- A namespace of which nothing was told yet has nothing to tell from before it was there.
SELECT coalesce(a.told_until, n.created_at) AS told_until
FROM namespaces n
LEFT JOIN grant_announcements a USING (namespace)
WHERE n.namespace = %(namespace)s

-- name: tell_until
INSERT INTO grant_announcements AS a (namespace, told_until) VALUES (%(namespace)s, %(until)s)
ON CONFLICT (namespace) DO UPDATE SET told_until = greatest(a.told_until, excluded.told_until)

-- name: concerned
-- Grants of which something may be told in a window: they expire in it, or are issued time and again and live in it.
g.namespace = %(namespace)s AND (
    (g.expires_at > %(after)s AND g.expires_at <= %(until)s)
    OR ((g.recurrence_cadence IS NOT NULL OR (g.min_rollover >= g.amount AND g.max_rollover = g.amount))
        AND g.effective_at <= %(until)s
        AND (g.expires_at IS NULL OR g.expires_at > %(after)s)
        AND (g.voided_at IS NULL OR g.voided_at > %(after)s))
)

-- name: edges
-- Every `size`-th concerned grant by id, and the last: each ends a batch.
SELECT id FROM (
    SELECT g.id, row_number() OVER (ORDER BY g.id) AS number, count(*) OVER () AS total
    FROM grants g
    WHERE {concerned}
) concerned
WHERE mod(number, %(size)s) = 0 OR number = total
ORDER BY id

-- name: batch
SELECT g.* FROM grants g
WHERE {concerned} AND g.id > %(after_id)s AND g.id <= %(up_to_id)s
ORDER BY g.id

-- name: entitlements
SELECT * FROM entitlement_details WHERE namespace = %(namespace)s AND id = ANY(%(ids)s)

-- name: reset_by_hand
-- By when somebody asked for it, which is later than when it took effect.
SELECT entitlement_id, at FROM usage_resets
WHERE namespace = %(namespace)s AND entitlement_id = ANY(%(ids)s)
    AND created_at > %(after)s AND created_at <= %(until)s
