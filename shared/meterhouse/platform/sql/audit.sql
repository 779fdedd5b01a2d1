-- name: page
-- The newest first. An actor or an object is found by its own index.
SELECT recorded_at, id::text AS id, actor, route, request_id, object_kind, object_id, action, before_digest, after_digest
FROM audit_log
WHERE namespace = %(namespace)s
AND (%(actor)s::text IS NULL OR actor = %(actor)s)
AND (%(object_kind)s::text IS NULL OR object_kind = %(object_kind)s)
AND (%(object_id)s::text IS NULL OR object_id = %(object_id)s)
AND (%(request_id)s::text IS NULL OR request_id = %(request_id)s)
AND (%(since)s::timestamptz IS NULL OR recorded_at >= %(since)s)
AND (%(until)s::timestamptz IS NULL OR recorded_at < %(until)s)
AND (%(place_at)s::timestamptz IS NULL OR (recorded_at, id) < (%(place_at)s, %(place_id)s::uuid))
ORDER BY recorded_at DESC, id DESC
LIMIT %(limit)s

-- name: forget
SELECT forget_audit(%(before)s, %(most)s) AS forgotten
