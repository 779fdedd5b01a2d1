-- name: subscribed_to_feature
-- Running, or still to start, by an item or by an add-on; a few are enough to tell why the feature stays.
SELECT s.id FROM subscriptions s
WHERE s.namespace = %(namespace)s AND s.deleted_at IS NULL AND (s.active_to IS NULL OR s.active_to > %(at)s)
    AND EXISTS (
        SELECT FROM subscription_items i
        WHERE i.namespace = s.namespace AND i.subscription_id = s.id
            AND i.rate_card ->> 'feature_key' = %(feature_key)s
        UNION ALL
        SELECT FROM subscription_addons a, jsonb_array_elements(a.cards) c
        WHERE a.namespace = s.namespace AND a.subscription_id = s.id
            AND c -> 'rate_card' ->> 'feature_key' = %(feature_key)s
    )
ORDER BY s.id
LIMIT 10
