-- Holds on metered entitlements: work that is allowed now and counted when it is done. Open: neither settled nor released
-- nor past `expires_at`. Settled: the usage event of `settled_amount` at `settled_at` is on its way until `counted_at`, when
-- the usage store was seen to hold it; the event has the reservation's id.
CREATE TABLE reservations (
    namespace text NOT NULL,
    id text NOT NULL,
    entitlement_id text NOT NULL,
    customer_id text NOT NULL,
    amount numeric NOT NULL CHECK (amount > 0),
    -- of the customer, for the usage event
    subject text NOT NULL,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    settled_amount numeric CHECK (settled_amount >= 0),
    settled_at timestamptz,
    -- of the usage event, as it will be sent: every digit
    data json,
    -- when the event was last put on the log
    sent_at timestamptz,
    counted_at timestamptz,
    released_at timestamptz,
    metadata jsonb NOT NULL,
    PRIMARY KEY (namespace, id),
    FOREIGN KEY (namespace, entitlement_id) REFERENCES entitlements,
    CHECK ((settled_at IS NULL) = (settled_amount IS NULL)),
    CHECK ((settled_at IS NULL) = (data IS NULL)),
    CHECK (settled_at IS NOT NULL OR counted_at IS NULL),
    CHECK (settled_at IS NULL OR released_at IS NULL)
);
SELECT confine('reservations');
-- Usage on its way, as many as there are calls, each with its instants; it becomes a usage event.
SELECT unaudited('reservations');
-- What a balance reads of them: those that are open, of which the abandoned ones grow old, and those on their way.
CREATE INDEX reservations_open ON reservations (namespace, entitlement_id, expires_at)
WHERE settled_at IS NULL AND released_at IS NULL;
CREATE INDEX reservations_uncounted ON reservations (namespace, entitlement_id)
WHERE settled_at IS NOT NULL AND counted_at IS NULL;
CREATE INDEX reservations_of_customer ON reservations (namespace, customer_id, created_at, id);
