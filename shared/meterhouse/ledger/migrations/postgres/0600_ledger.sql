CREATE TABLE credit_grants (
    namespace text NOT NULL,
    id text NOT NULL,
    customer_id text NOT NULL,
    key text,
    name text NOT NULL,
    description text,
    labels jsonb NOT NULL,
    funding text NOT NULL CHECK (funding IN ('none', 'invoice', 'external')),
    currency text NOT NULL,
    amount numeric NOT NULL CHECK (amount > 0),
    priority smallint NOT NULL CHECK (priority BETWEEN 1 AND 1000),
    -- what it may be burnt for; null: anything
    features text[] CHECK (cardinality(features) > 0),
    effective_at timestamptz NOT NULL,
    expires_after text,
    -- what is paid for it, and how far that is
    cost_rate numeric CHECK (cost_rate > 0),
    cost_currency text,
    cost_amount numeric,
    settlement text CHECK (settlement IN ('pending', 'authorized', 'settled')),
    settled_at timestamptz CHECK ((settled_at IS NULL) = (settlement IS DISTINCT FROM 'settled')),
    tax_behavior text,
    tax_code_id text,
    voided_at timestamptz,
    -- its life: from when on it can be burnt, null while it is not paid; until when
    available_at timestamptz,
    expires_at timestamptz CHECK (expires_at > available_at),
    is_expiry_booked boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (namespace, id),
    FOREIGN KEY (namespace, customer_id) REFERENCES customers,
    CHECK ((funding = 'none') = (cost_rate IS NULL)),
    CHECK (num_nulls(cost_rate, cost_currency, cost_amount, settlement) IN (0, 4))
);
SELECT confine('credit_grants');
CREATE UNIQUE INDEX one_credit_grant_of_a_key ON credit_grants (namespace, customer_id, key);
CREATE INDEX credit_grants_of_customer ON credit_grants (namespace, customer_id, id);
-- What the clock has still to end.
CREATE INDEX credit_grants_to_expire ON credit_grants (namespace, expires_at)
WHERE NOT is_expiry_booked AND available_at IS NOT NULL;

-- What is charged to credit, once for each key, whatever credit bore of it.
CREATE TABLE ledger_charges (
    namespace text NOT NULL,
    key text NOT NULL,
    customer_id text NOT NULL,
    currency text NOT NULL,
    amount numeric NOT NULL CHECK (amount > 0),
    mode text NOT NULL CHECK (mode IN ('credit_then_invoice', 'credit_only')),
    feature text,
    name text,
    at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (namespace, key),
    FOREIGN KEY (namespace, customer_id) REFERENCES customers
);
SELECT confine('ledger_charges');

-- The id derives from the business key. With the number of entries it is what entries refer to: a transaction has all
-- of its entries from the first, and no room for another.
CREATE TABLE ledger_transactions (
    namespace text NOT NULL,
    id text NOT NULL,
    entries smallint NOT NULL CHECK (entries > 1),
    key text NOT NULL,
    kind text NOT NULL,
    customer_id text NOT NULL,
    booked_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    charge text,
    name text,
    -- in which order they were written
    sequence bigint GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (namespace, id, entries),
    UNIQUE (namespace, key),
    FOREIGN KEY (namespace, customer_id) REFERENCES customers,
    FOREIGN KEY (namespace, charge) REFERENCES ledger_charges
);
SELECT confine('ledger_transactions');
CREATE INDEX ledger_transactions_of_customer ON ledger_transactions (namespace, customer_id, booked_at);
CREATE INDEX ledger_transactions_of_charge ON ledger_transactions (namespace, charge) WHERE charge IS NOT NULL;

CREATE TABLE ledger_entries (
    namespace text NOT NULL,
    transaction_id text NOT NULL,
    number smallint NOT NULL,
    entries smallint NOT NULL,
    -- as its transaction has them, so that a customer's credit is summed from an index alone
    customer_id text NOT NULL,
    kind text NOT NULL,
    booked_at timestamptz NOT NULL,
    account text NOT NULL,
    currency text NOT NULL,
    amount numeric NOT NULL CHECK (amount <> 0),
    grant_id text,
    cost_rate numeric,
    cost_currency text,
    features text[],
    priority smallint,
    payment text,
    PRIMARY KEY (namespace, transaction_id, number),
    CHECK (number BETWEEN 1 AND entries),
    CHECK (account <> 'customer_fbo' OR grant_id IS NOT NULL),
    FOREIGN KEY (namespace, transaction_id, entries) REFERENCES ledger_transactions,
    FOREIGN KEY (namespace, grant_id) REFERENCES credit_grants
);
SELECT confine('ledger_entries');
CREATE INDEX ledger_entries_of_credit ON ledger_entries (namespace, customer_id, grant_id)
INCLUDE (kind, booked_at, amount)
WHERE account = 'customer_fbo';
CREATE INDEX ledger_entries_in_advance ON ledger_entries (namespace, customer_id) WHERE account = 'customer_advance';

-- What is written stays: by the application's rights, and for everybody by a trigger.
REVOKE UPDATE, DELETE ON ledger_charges, ledger_transactions, ledger_entries FROM meterhouse_app;
CREATE FUNCTION refuse_change_of_ledger() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is corrected by adding to it, never changed' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_charges
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_ledger();
CREATE TRIGGER never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_transactions
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_ledger();
CREATE TRIGGER never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entries
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_ledger();

-- Looked at when the transaction commits, once for each transaction of the ledger: all its entries are there, are its
-- own, and balance.
CREATE FUNCTION refuse_unbalanced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM (
        SELECT
            sum(amount) AS total,
            count(*) FILTER (WHERE (customer_id, kind, booked_at) = (NEW.customer_id, NEW.kind, NEW.booked_at)) AS own
        FROM ledger_entries
        WHERE namespace = NEW.namespace AND transaction_id = NEW.id
        GROUP BY currency
    ) AS by_currency
    HAVING sum(own) = NEW.entries AND bool_and(total = 0);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'ledger transaction % does not balance', NEW.key USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER balanced AFTER INSERT ON ledger_transactions
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse_unbalanced();
