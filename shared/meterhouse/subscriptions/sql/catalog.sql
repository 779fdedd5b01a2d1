-- name: subscribed_to_feature
-- Running, or still to start; a few are enough to tell why the feature stays.
SELECT s.id FROM subscriptions s
WHERE s.namespace = %(namespace)s AND s.deleted_at IS NULL AND (s.active_to IS NULL OR s.active_to > %(at)s)
    AND EXISTS (
        SELECT FROM subscription_items i
        WHERE i.namespace = s.namespace AND i.subscription_id = s.id
            AND i.rate_card ->> 'feature_key' = %(feature_key)s
    )
ORDER BY s.id
LIMIT 10
