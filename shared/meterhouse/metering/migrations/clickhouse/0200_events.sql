-- Usage events as they were accepted. The identity of an event is (namespace, source, id) and its first writing wins.
-- `written` is the order of writing, from the top: ingested_at in ms (44 bits), partition (12), offset (44), position (14),
-- and 14 bits left to `meter_values`. All of it stands in the log, so a redelivery writes the same row again, whenever and
-- by whichever sink. ReplacingMergeTree keeps the largest `version`, its inverse.
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
    position UInt16,
    identity UInt64,
    written UInt128 MATERIALIZED
        bitShiftLeft(toUInt128(intDiv(toUnixTimestamp64Micro(ingested_at), 1000)), 84)
        + bitShiftLeft(toUInt128(partition), 72) + bitShiftLeft(toUInt128(offset), 28)
        + bitShiftLeft(toUInt128(position), 14),
    version UInt128 MATERIALIZED bitNot(written),
    digest UInt64 MATERIALIZED sipHash64(
        type, subject, if(time_given, toUnixTimestamp64Micro(time), 0), data, datacontenttype, dataschema),
    INDEX by_stored stored_at TYPE minmax GRANULARITY 1,
    INDEX by_ingested ingested_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMMDD(hour)
ORDER BY (namespace, type, subject, hour, source, id);

-- Every writing of every identity, each place in the log once: under which keys an identity was written, to find the later
-- writings that were given another time, subject or type; and what was accepted, to count it against what was metered.
-- `identity` is a hash of (source, id) to look up by; equal hashes of other events are told apart by (source, id).
CREATE TABLE IF NOT EXISTS event_writings (
    namespace LowCardinality(String),
    identity UInt64,
    source String,
    id String,
    type LowCardinality(String),
    subject String,
    hour DateTime('UTC'),
    ingested_at DateTime64(6, 'UTC'),
    partition UInt16,
    offset UInt64,
    position UInt16,
    time DateTime64(6, 'UTC'),
    written UInt128,
    version UInt128,
    digest UInt64,
    INDEX by_ingested ingested_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version)
PRIMARY KEY (namespace, identity)
ORDER BY (namespace, identity, source, id, type, subject, hour, ingested_at, partition, offset, position)
SETTINGS index_granularity = 128;

CREATE MATERIALIZED VIEW IF NOT EXISTS event_writings_of_events TO event_writings AS
SELECT namespace, identity, source, id, type, subject, hour, ingested_at, partition, offset, position, time, written, version,
       digest
FROM events;
