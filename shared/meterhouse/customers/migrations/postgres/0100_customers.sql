CREATE TABLE customers (
    namespace text NOT NULL,
    id text NOT NULL,
    key text,
    subject_keys text[] NOT NULL,
    name text NOT NULL,
    description text,
    metadata jsonb,
    primary_email text,
    currency text,
    billing_address jsonb,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    PRIMARY KEY (namespace, id)
);
SELECT confine('customers');
CREATE INDEX customers_by_name ON customers (namespace, name, id);
CREATE INDEX customers_by_creation ON customers (namespace, created_at, id);

-- Which live customer an event subject belongs to. A customer's key and its subject keys share this one key space, so
-- that no subject is ever two customers' usage.
CREATE TABLE customer_subjects (
    namespace text NOT NULL,
    subject text NOT NULL,
    customer_id text NOT NULL,
    is_key boolean NOT NULL,
    PRIMARY KEY (namespace, subject),
    FOREIGN KEY (namespace, customer_id) REFERENCES customers
);
SELECT confine('customer_subjects');
CREATE INDEX customer_subjects_by_customer ON customer_subjects (namespace, customer_id);
