CREATE TABLE outbox (
    namespace text NOT NULL,
    id text NOT NULL,
    type text NOT NULL,
    subject text NOT NULL,
    occurred_at timestamptz NOT NULL,
    data jsonb NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    -- the order in which one transaction wrote them, which an instant cannot tell
    position bigint GENERATED ALWAYS AS IDENTITY,
    published_at timestamptz,
    PRIMARY KEY (namespace, id)
);
CREATE INDEX outbox_waiting ON outbox (namespace, position) WHERE published_at IS NULL;
SELECT confine('outbox');
