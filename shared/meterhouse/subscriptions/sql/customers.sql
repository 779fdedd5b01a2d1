-- name: running
-- Scheduled ones do not count: no usage is theirs yet.
SELECT id FROM subscriptions
WHERE namespace = %(namespace)s AND customer_id = %(customer_id)s AND deleted_at IS NULL
    AND active_from <= %(at)s AND (active_to IS NULL OR active_to > %(at)s)
ORDER BY active_from, id

-- name: unfinished
-- Running, or still to start.
SELECT id FROM subscriptions
WHERE namespace = %(namespace)s AND customer_id = %(customer_id)s AND deleted_at IS NULL
    AND (active_to IS NULL OR active_to > %(at)s)
ORDER BY active_from, id

-- name: current
-- Of several the one that began first comes last.
SELECT customer_id, id FROM subscriptions
WHERE namespace = %(namespace)s AND customer_id = ANY(%(customer_ids)s) AND deleted_at IS NULL
    AND active_from <= %(at)s AND (active_to IS NULL OR active_to > %(at)s)
ORDER BY customer_id, active_from DESC, id DESC
