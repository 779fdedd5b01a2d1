-- Customers whose billing broke by an exception: until it works again they keep others from being billed at once no more.
CREATE TABLE customers_billed_apart (
    namespace text NOT NULL,
    customer_id text NOT NULL,
    since timestamptz NOT NULL,
    PRIMARY KEY (namespace, customer_id)
);
SELECT confine('customers_billed_apart');
