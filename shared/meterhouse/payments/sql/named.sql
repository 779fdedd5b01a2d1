-- name: namespace_of
-- Of the app that `meterhouse.app` names, whatever the namespace.
SELECT namespace FROM apps WHERE id = %(id)s
