-- What an app knows of a customer: its id at Stripe, or what the caller's own system wants to find again.
CREATE TABLE customer_apps (
    namespace text NOT NULL,
    customer_id text NOT NULL,
    app_id text NOT NULL,
    data jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (namespace, customer_id, app_id),
    FOREIGN KEY (namespace, app_id) REFERENCES apps
);
-- Stripe tells of its own customers: each leads to one of ours.
CREATE UNIQUE INDEX one_customer_of_a_stripe_customer ON customer_apps (
    namespace, app_id, (data ->> 'stripe_customer_id')
) WHERE data ? 'stripe_customer_id';
SELECT confine('customer_apps');
