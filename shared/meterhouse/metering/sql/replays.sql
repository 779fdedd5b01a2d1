-- name: replayed
-- When letters were replayed.
SELECT id, dead_at, replayed_at FROM dead_letter_replays WHERE namespace = %(namespace)s AND id = ANY(%(ids)s)

-- name: add_replay
INSERT INTO dead_letter_replays (namespace, id, dead_at, replayed_at)
VALUES (%(namespace)s, %(id)s, %(dead_at)s, %(replayed_at)s)
ON CONFLICT DO NOTHING
