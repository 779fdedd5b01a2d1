-- What is forgotten after its time is found by these; an event gets into its index only once it is published.
CREATE INDEX outbox_published ON outbox (namespace, published_at) WHERE published_at IS NOT NULL;
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (namespace, created_at);
