-- When a customer's credit in a currency is topped up by itself: `granted` is what is granted then.
CREATE TABLE credit_top_ups (
    namespace text NOT NULL,
    customer_id text NOT NULL,
    currency text NOT NULL,
    threshold numeric NOT NULL CHECK (threshold >= 0),
    granted jsonb NOT NULL,
    -- at most so often and so much in each period, counted from when it was first set
    period text NOT NULL,
    most_times integer CHECK (most_times > 0),
    most_amount numeric CHECK (most_amount > 0),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (namespace, customer_id, currency),
    FOREIGN KEY (namespace, customer_id) REFERENCES customers
);
SELECT confine('credit_top_ups');

-- Every top-up there ever was, in order: a number is given once.
CREATE TABLE credit_top_ups_made (
    namespace text NOT NULL,
    customer_id text NOT NULL,
    currency text NOT NULL,
    number integer NOT NULL,
    grant_id text NOT NULL,
    PRIMARY KEY (namespace, customer_id, currency, number),
    FOREIGN KEY (namespace, grant_id) REFERENCES credit_grants
);
SELECT confine('credit_top_ups_made');
