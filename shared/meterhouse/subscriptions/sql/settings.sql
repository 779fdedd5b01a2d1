-- name: allows_several
-- Who settles it otherwise waits until the transaction that has read it ends.
SELECT allows_several FROM subscription_settings WHERE namespace = %(namespace)s FOR SHARE

-- name: settle
INSERT INTO subscription_settings (namespace, allows_several) VALUES (%(namespace)s, %(is_allowed)s)
ON CONFLICT (namespace) DO UPDATE SET allows_several = excluded.allows_several

-- name: crowded
-- A customer who has one subscription that is not over beside another that would have to be alone.
SELECT one.customer_id FROM subscriptions one JOIN subscriptions other
    ON other.namespace = one.namespace AND other.customer_id = one.customer_id AND other.id <> one.id
    AND tstzrange(one.active_from, one.active_to) && tstzrange(other.active_from, other.active_to)
WHERE one.namespace = %(namespace)s AND one.deleted_at IS NULL AND other.deleted_at IS NULL
    AND (one.active_to IS NULL OR one.active_to > %(at)s)
    AND (other.is_alone OR other.active_to IS NULL OR other.active_to > %(at)s)
LIMIT 1

-- name: set_alone
-- What is over stays as it was: customers may have had several while it was allowed.
UPDATE subscriptions SET is_alone = NOT %(is_allowed)s
WHERE namespace = %(namespace)s AND deleted_at IS NULL AND (active_to IS NULL OR active_to > %(at)s)
    AND is_alone = %(is_allowed)s
