-- Units that are sold and spent like money. Nothing of one ever changes: amounts in it stand in the books.
CREATE TABLE custom_currencies (
    namespace text NOT NULL,
    id text NOT NULL,
    code text NOT NULL CHECK (length(code) BETWEEN 4 AND 24 AND code !~ '[|]'),
    name text NOT NULL,
    symbol text,
    exponent smallint NOT NULL CHECK (exponent BETWEEN 0 AND 12),
    decimal_mark text NOT NULL,
    thousand_separator text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (namespace, id),
    UNIQUE (namespace, code)
);
SELECT confine('custom_currencies');

-- What a unit is worth; of those in force the one that came into force last counts.
CREATE TABLE cost_bases (
    namespace text NOT NULL,
    id text NOT NULL,
    currency_id text NOT NULL,
    fiat_code text NOT NULL,
    rate numeric NOT NULL CHECK (rate > 0),
    effective_from timestamptz NOT NULL,
    effective_to timestamptz CHECK (effective_to > effective_from),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (namespace, id),
    UNIQUE (namespace, currency_id, fiat_code, effective_from),
    FOREIGN KEY (namespace, currency_id) REFERENCES custom_currencies (namespace, id)
);
SELECT confine('cost_bases');
