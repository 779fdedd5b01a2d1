-- name: matching
-- The condition of a list; the adapter puts it behind a count and behind a page.
namespace = %(namespace)s AND deleted_at IS NULL
AND (%(plan_key)s::text IS NULL OR plan_key = %(plan_key)s)
AND (%(version)s::integer IS NULL OR plan_version = %(version)s)
AND (%(statuses)s::text[] IS NULL OR CASE
    WHEN active_from > %(at)s THEN 'scheduled'
    WHEN active_to IS NULL THEN 'active'
    WHEN active_to > %(at)s THEN 'canceled'
    ELSE 'inactive'
END = ANY(%(statuses)s))
