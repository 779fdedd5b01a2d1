-- name: all
SELECT * FROM custom_currencies WHERE namespace = %(namespace)s ORDER BY code

-- name: find
SELECT * FROM custom_currencies WHERE namespace = %(namespace)s AND id = %(id)s

-- name: by_codes
SELECT * FROM custom_currencies WHERE namespace = %(namespace)s AND code = ANY(%(codes)s)

-- name: insert
INSERT INTO custom_currencies (
    namespace, id, code, name, symbol, exponent, decimal_mark, thousand_separator, created_at
) VALUES (
    %(namespace)s, %(id)s, %(code)s, %(name)s, %(symbol)s, %(exponent)s, %(decimal_mark)s, %(thousand_separator)s,
    %(created_at)s
)
ON CONFLICT (namespace, code) DO NOTHING

-- name: cost_bases
SELECT * FROM cost_bases
WHERE namespace = %(namespace)s AND currency_id = ANY(%(currency_ids)s)
ORDER BY fiat_code, effective_from

-- name: insert_cost_basis
INSERT INTO cost_bases (
    namespace, id, currency_id, fiat_code, rate, effective_from, effective_to, created_at
) VALUES (
    %(namespace)s, %(id)s, %(currency_id)s, %(fiat_code)s, %(rate)s, %(effective_from)s, %(effective_to)s,
    %(created_at)s
)
ON CONFLICT (namespace, currency_id, fiat_code, effective_from) DO NOTHING
