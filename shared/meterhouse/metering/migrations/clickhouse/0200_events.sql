-- Usage events as they were accepted. The identity of an event is (namespace, source, id) and its first writing wins:
-- `written` is the order of writing, and ReplacingMergeTree keeps the largest `version`, its inverse.
CREATE TABLE IF NOT EXISTS events (
    namespace LowCardinality(String),
    type LowCardinality(String),
    subject String,
    hour DateTime('UTC'),
    source String,
    id String,
    time DateTime64(6, 'UTC'),
    time_given Bool,
    data String CODEC(ZSTD(1)),
    datacontenttype LowCardinality(String),
    dataschema String,
    validation_error String,
    ingested_at DateTime64(6, 'UTC'),
    stored_at DateTime64(6, 'UTC'),
    partition UInt16,
    offset UInt64,
    position UInt32,
    identity FixedString(16),
    written UInt128 MATERIALIZED
        bitShiftLeft(toUInt128(toUnixTimestamp64Micro(stored_at)), 76)
        + bitShiftLeft(toUInt128(partition), 60) + bitShiftLeft(toUInt128(offset), 20) + position,
    version UInt128 MATERIALIZED bitNot(written),
    INDEX by_stored stored_at TYPE minmax GRANULARITY 1,
    INDEX by_ingested ingested_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMMDD(hour)
ORDER BY (namespace, type, subject, hour, source, id);

-- Under which keys an identity was written, to find the later writings that were given another time, subject or type.
CREATE TABLE IF NOT EXISTS event_identities (
    namespace LowCardinality(String),
    identity FixedString(16),
    type LowCardinality(String),
    subject String,
    hour DateTime('UTC'),
    source String,
    id String,
    written UInt128,
    version UInt128
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (namespace, identity, type, subject, hour, source, id)
SETTINGS index_granularity = 512;

CREATE MATERIALIZED VIEW IF NOT EXISTS event_identities_of_events TO event_identities AS
SELECT namespace, identity, type, subject, hour, source, id, written, version FROM events;
