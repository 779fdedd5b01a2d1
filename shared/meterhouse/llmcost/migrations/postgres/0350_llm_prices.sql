-- Prices of language models. The catalogue's stand in no namespace and are seen by all; a namespace's own go before them.
CREATE TABLE llm_prices (
    namespace text NOT NULL,
    id text NOT NULL,
    provider text NOT NULL,
    provider_name text NOT NULL,
    model_id text NOT NULL,
    model_name text NOT NULL,
    match jsonb,
    pricing jsonb NOT NULL,
    currency text NOT NULL,
    source text NOT NULL CHECK (source = CASE namespace WHEN '' THEN 'system' ELSE 'manual' END),
    effective_from timestamptz NOT NULL,
    effective_to timestamptz CHECK (effective_to > effective_from),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (namespace, id)
);
SELECT confine('llm_prices');
CREATE POLICY shared ON llm_prices FOR SELECT USING (namespace = '');
CREATE INDEX llm_prices_by_model ON llm_prices (namespace, provider, model_id, effective_from);
