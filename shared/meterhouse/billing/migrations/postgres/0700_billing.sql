CREATE TABLE billing_profiles (
    namespace text NOT NULL,
    id text NOT NULL,
    name text NOT NULL,
    description text,
    metadata jsonb NOT NULL,
    supplier jsonb NOT NULL,
    workflow jsonb NOT NULL,
    app_id text NOT NULL,
    is_default boolean NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz CHECK (deleted_at IS NULL OR NOT is_default),
    PRIMARY KEY (namespace, id)
);
CREATE UNIQUE INDEX one_default_profile ON billing_profiles (namespace) WHERE is_default;
SELECT confine('billing_profiles');

-- Gathering and standard invoices. supplier, customer and workflow are copies made when the invoice was.
CREATE TABLE invoices (
    namespace text NOT NULL,
    id text NOT NULL,
    number text NOT NULL,
    state text NOT NULL,
    step integer NOT NULL,
    customer_id text NOT NULL,
    customer_name text NOT NULL,
    currency text NOT NULL,
    profile_id text NOT NULL,
    app_id text NOT NULL,
    customer jsonb NOT NULL,
    subject_keys text[] NOT NULL,
    supplier jsonb NOT NULL,
    workflow jsonb NOT NULL,
    metadata jsonb NOT NULL,
    issues jsonb NOT NULL,
    external_id text,
    amount numeric NOT NULL,
    charges_total numeric NOT NULL,
    discounts_total numeric NOT NULL,
    credits_total numeric NOT NULL,
    taxes_inclusive_total numeric NOT NULL,
    taxes_exclusive_total numeric NOT NULL,
    total numeric GENERATED ALWAYS AS (
        amount - discounts_total + charges_total - credits_total + taxes_exclusive_total
    ) STORED,
    period_start timestamptz,
    period_end timestamptz,
    collection_at timestamptz,
    quantity_snapshotted_at timestamptz,
    draft_until timestamptz,
    issued_at timestamptz,
    due_at timestamptz,
    voided_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    PRIMARY KEY (namespace, id),
    CHECK ((period_start IS NULL) = (period_end IS NULL))
);
CREATE UNIQUE INDEX one_gathering_invoice ON invoices (namespace, customer_id, currency) WHERE state = 'gathering';
CREATE UNIQUE INDEX one_invoice_of_a_number ON invoices (namespace, number);
CREATE INDEX invoices_by_creation ON invoices (namespace, created_at, id);
CREATE INDEX invoices_of_customer ON invoices (namespace, customer_id, created_at);
-- What an invoice run looks at: everything that is neither staging nor at rest for good.
CREATE INDEX invoices_under_way ON invoices (namespace, customer_id)
WHERE state NOT IN ('gathering', 'paid', 'voided', 'deleted', 'uncollectible');
SELECT confine('invoices');

CREATE TABLE invoice_lines (
    namespace text NOT NULL,
    id text NOT NULL,
    key text NOT NULL,
    revision integer NOT NULL,
    is_live boolean NOT NULL,
    invoice_id text NOT NULL,
    customer_id text NOT NULL,
    currency text NOT NULL,
    name text NOT NULL,
    managed_by text NOT NULL,
    subscription_id text,
    phase_id text,
    item_id text,
    rate_card jsonb NOT NULL,
    is_prorated boolean NOT NULL,
    service_start timestamptz NOT NULL,
    service_end timestamptz NOT NULL,
    full_service_start timestamptz NOT NULL,
    full_service_end timestamptz NOT NULL,
    billing_start timestamptz NOT NULL,
    billing_end timestamptz NOT NULL,
    invoice_at timestamptz NOT NULL,
    is_pending boolean NOT NULL,
    quantity numeric,
    amount numeric NOT NULL,
    charges_total numeric NOT NULL,
    discounts_total numeric NOT NULL,
    credits_total numeric NOT NULL,
    taxes_inclusive_total numeric NOT NULL,
    taxes_exclusive_total numeric NOT NULL,
    total numeric GENERATED ALWAYS AS (
        amount - discounts_total + charges_total - credits_total + taxes_exclusive_total
    ) STORED,
    detailed jsonb NOT NULL,
    trace jsonb,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (namespace, id),
    UNIQUE (namespace, key, revision),
    FOREIGN KEY (namespace, invoice_id) REFERENCES invoices (namespace, id),
    CHECK (service_start < service_end AND full_service_start < full_service_end AND billing_start < billing_end)
);
-- What is charged for once is on one live invoice.
CREATE UNIQUE INDEX one_live_line ON invoice_lines (namespace, key) WHERE is_live;
CREATE INDEX lines_of_invoice ON invoice_lines (namespace, invoice_id);
CREATE INDEX lines_of_subscription ON invoice_lines (namespace, subscription_id);
CREATE INDEX pending_lines ON invoice_lines (namespace, customer_id, invoice_at) WHERE is_pending;
SELECT confine('invoice_lines');

-- Every step an invoice ever took; written once.
CREATE TABLE invoice_transitions (
    namespace text NOT NULL,
    invoice_id text NOT NULL,
    number integer NOT NULL,
    trigger text NOT NULL,
    source text NOT NULL,
    target text NOT NULL,
    at timestamptz NOT NULL,
    reason text,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (namespace, invoice_id, number),
    FOREIGN KEY (namespace, invoice_id) REFERENCES invoices (namespace, id)
);
SELECT confine('invoice_transitions');

-- Numbers without gaps: taken in the transaction that issues, so that a rollback gives them back.
CREATE TABLE invoice_numbers (
    namespace text NOT NULL,
    scope text NOT NULL,
    last_number bigint NOT NULL,
    PRIMARY KEY (namespace, scope)
);
SELECT confine('invoice_numbers');
