-- What was accepted, as a witness reads it off the log itself and not off what the sink made of it: a row a record.
-- (partition, offset) is its place in the log; a broker that was reset uses places anew, hence the instant in the key.
CREATE TABLE IF NOT EXISTS accepted_records (
    namespace LowCardinality(String),
    hour DateTime('UTC') MATERIALIZED toStartOfHour(accepted_at, 'UTC'),
    partition UInt16,
    offset UInt64,
    accepted_at DateTime64(3, 'UTC'),
    events UInt32
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(hour)
ORDER BY (namespace, hour, partition, offset, accepted_at);

-- What the dead-letter topic holds: a row a letter. `letter_…` is the letter's own place, the rest is that of the record.
CREATE TABLE IF NOT EXISTS dead_records (
    namespace LowCardinality(String),
    hour DateTime('UTC') MATERIALIZED toStartOfHour(accepted_at, 'UTC'),
    topic LowCardinality(String),
    partition UInt16,
    offset UInt64,
    accepted_at DateTime64(3, 'UTC'),
    events UInt32,
    letter_partition UInt16,
    letter_offset UInt64,
    died_at DateTime64(3, 'UTC'),
    bytes UInt32,
    reason String
)
ENGINE = ReplacingMergeTree
ORDER BY (namespace, hour, partition, offset, accepted_at, died_at, letter_partition, letter_offset);
