-- When the bus last refused an event, which waits all the same: others go first, so that it keeps none of them waiting.
ALTER TABLE outbox ADD COLUMN refused_at timestamptz;
CREATE INDEX outbox_in_turn ON outbox (namespace, refused_at NULLS FIRST, position) WHERE published_at IS NULL;
DROP INDEX outbox_waiting;
