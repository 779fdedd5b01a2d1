-- The billing profile a customer is pinned to; without one it follows the default.
CREATE TABLE customer_overrides (
    namespace text NOT NULL,
    customer_id text NOT NULL,
    profile_id text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (namespace, customer_id),
    FOREIGN KEY (namespace, profile_id) REFERENCES billing_profiles (namespace, id)
);
CREATE INDEX overrides_of_profile ON customer_overrides (namespace, profile_id);
SELECT confine('customer_overrides');
