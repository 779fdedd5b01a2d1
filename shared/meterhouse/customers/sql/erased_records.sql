-- name: customers
UPDATE customers SET
    key = CASE WHEN key = %(subject)s THEN %(pseudonym)s ELSE key END,
    subject_keys = array_replace(subject_keys, %(subject)s, %(pseudonym)s)
WHERE namespace = %(namespace)s AND (key = %(subject)s OR %(subject)s = ANY(subject_keys))

-- name: claims
UPDATE customer_subjects SET subject = %(pseudonym)s WHERE namespace = %(namespace)s AND subject = %(subject)s

-- name: subjects
DELETE FROM subjects WHERE namespace = %(namespace)s AND key = %(subject)s
