-- name: remembered
SELECT erasure.*, coalesce(name.salt, '') AS salt, name.digest AS salted
FROM subject_erasures AS erasure
LEFT JOIN erased_names AS name ON name.namespace = erasure.namespace AND name.erasure_id = erasure.id
WHERE erasure.namespace = %(namespace)s AND erasure.digest IS NOT NULL
ORDER BY erasure.asked_at, erasure.id

-- name: find
SELECT * FROM subject_erasures WHERE namespace = %(namespace)s AND id = %(id)s

-- name: save
INSERT INTO subject_erasures (
    namespace, id, status, asked_at, due_at, subject, digest, completed_at, archived_until, events, meter_values, files,
    records
) VALUES (
    %(namespace)s, %(id)s, %(status)s, %(asked_at)s, %(due_at)s, %(subject)s, %(digest)s, %(completed_at)s,
    %(archived_until)s, %(events)s, %(meter_values)s, %(files)s, %(records)s
)
ON CONFLICT (namespace, id) DO UPDATE SET
    status = excluded.status, asked_at = excluded.asked_at, due_at = excluded.due_at, subject = excluded.subject,
    digest = excluded.digest, completed_at = excluded.completed_at, archived_until = excluded.archived_until,
    events = excluded.events, meter_values = excluded.meter_values, files = excluded.files, records = excluded.records

-- name: save_name
INSERT INTO erased_names (namespace, erasure_id, salt, digest) VALUES (%(namespace)s, %(id)s, %(salt)s, %(salted)s)
ON CONFLICT (namespace, erasure_id) DO NOTHING

-- name: page
SELECT * FROM subject_erasures
WHERE namespace = %(namespace)s
ORDER BY asked_at DESC, id DESC
LIMIT %(limit)s OFFSET %(offset)s

-- name: count
SELECT count(*) FROM subject_erasures WHERE namespace = %(namespace)s

-- name: due
SELECT * FROM subject_erasures
WHERE namespace = %(namespace)s AND subject IS NOT NULL AND due_at <= %(at)s
ORDER BY due_at, id

-- name: forget
UPDATE subject_erasures SET digest = NULL
WHERE namespace = %(namespace)s AND subject IS NULL AND digest IS NOT NULL AND asked_at < %(before)s

-- name: forget_names
DELETE FROM erased_names AS name USING subject_erasures AS erasure
WHERE name.namespace = %(namespace)s AND erasure.namespace = %(namespace)s AND erasure.id = name.erasure_id
AND erasure.subject IS NULL AND erasure.asked_at < %(before)s
