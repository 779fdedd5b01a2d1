-- name: invoices
-- Whose usage it bills, and the customer's key where that is the name. What the law wants of an invoice (name, address, numbers,
-- totals) stays as it is.
UPDATE invoices SET
    subject_keys = array_replace(subject_keys, %(subject)s, %(pseudonym)s),
    customer = CASE WHEN customer ->> 'key' = %(subject)s
        THEN jsonb_set(customer, '{key}', to_jsonb(%(pseudonym)s::text)) ELSE customer END
WHERE namespace = %(namespace)s AND (%(subject)s = ANY(subject_keys) OR customer ->> 'key' = %(subject)s)

-- name: lines
UPDATE invoice_lines SET subjects = array_replace(subjects, %(subject)s, %(pseudonym)s)
WHERE namespace = %(namespace)s AND %(subject)s = ANY(subjects)
