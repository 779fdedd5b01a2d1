-- Who subscribes to a plan, to one version or to any, by start.
CREATE INDEX subscriptions_of_plan ON subscriptions (namespace, plan_key, active_from, id)
WHERE deleted_at IS NULL AND plan_key IS NOT NULL;
-- All of a namespace, by start.
CREATE INDEX subscriptions_by_start ON subscriptions (namespace, active_from, id) WHERE deleted_at IS NULL;
