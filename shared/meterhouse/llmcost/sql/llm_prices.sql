-- name: find
SELECT * FROM llm_prices WHERE namespace IN (%(namespace)s, '') AND id = %(id)s

-- name: page
SELECT * FROM llm_prices WHERE namespace IN (%(namespace)s, '') AND {matching}
ORDER BY {order}, id LIMIT %(limit)s OFFSET %(offset)s

-- name: count
SELECT count(*) FROM llm_prices WHERE namespace IN (%(namespace)s, '') AND {matching}

-- name: of_providers
SELECT * FROM llm_prices WHERE namespace IN (%(namespace)s, '') AND provider = ANY(%(providers)s)

-- name: catalogue
SELECT * FROM llm_prices WHERE namespace = '' ORDER BY provider, model_id, effective_from

-- name: write
INSERT INTO llm_prices (
    namespace, id, provider, provider_name, model_id, model_name, match, pricing, currency, source, effective_from,
    effective_to, created_at, updated_at
)
SELECT %(namespace)s, id, provider, provider_name, model_id, model_name, match, pricing, currency, source,
    effective_from, effective_to, created_at, updated_at
FROM jsonb_to_recordset(%(prices)s::jsonb) AS price (
    id text, provider text, provider_name text, model_id text, model_name text, match jsonb, pricing jsonb,
    currency text, source text, effective_from timestamptz, effective_to timestamptz, created_at timestamptz,
    updated_at timestamptz
)
ON CONFLICT (namespace, id) DO UPDATE SET
    provider_name = excluded.provider_name, model_name = excluded.model_name, match = excluded.match,
    pricing = excluded.pricing, effective_to = excluded.effective_to, updated_at = excluded.updated_at

-- name: remove
DELETE FROM llm_prices WHERE namespace = %(namespace)s AND id = ANY(%(ids)s)
