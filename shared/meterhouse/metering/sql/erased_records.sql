-- name: late_usage
UPDATE late_usage SET subject = %(pseudonym)s WHERE namespace = %(namespace)s AND subject = %(subject)s

-- name: backfills
-- One under way reads its days once more: what it wrote of them it writes again.
UPDATE meter_backfills SET cursor = jsonb_set(cursor, '{after}', 'null')
WHERE namespace = %(namespace)s AND cursor -> 'after' ->> 0 = %(subject)s
