-- What is sold, as tax has names for it. A deleted code still tells those who name it what it meant.
CREATE TABLE tax_codes (
    namespace text NOT NULL,
    id text NOT NULL,
    key text NOT NULL,
    name text NOT NULL,
    description text,
    labels jsonb NOT NULL,
    app_mappings jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    PRIMARY KEY (namespace, id)
);
SELECT confine('tax_codes');
CREATE UNIQUE INDEX tax_codes_live_key ON tax_codes (namespace, key) WHERE deleted_at IS NULL;

CREATE TABLE default_tax_codes (
    namespace text PRIMARY KEY,
    invoicing_tax_code_id text NOT NULL,
    credit_grant_tax_code_id text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    FOREIGN KEY (namespace, invoicing_tax_code_id) REFERENCES tax_codes (namespace, id),
    FOREIGN KEY (namespace, credit_grant_tax_code_id) REFERENCES tax_codes (namespace, id)
);
SELECT confine('default_tax_codes');
