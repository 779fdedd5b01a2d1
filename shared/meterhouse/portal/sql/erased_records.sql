-- name: tokens_of_customers
UPDATE portal_tokens SET subject = %(pseudonym)s
WHERE namespace = %(namespace)s AND subject = %(subject)s AND customer_id IS NOT NULL

-- name: tokens
-- What showed the subject's own usage opens nothing any more.
DELETE FROM portal_tokens WHERE namespace = %(namespace)s AND subject = %(subject)s AND customer_id IS NULL
