-- What the archive on S3 is written from: every writing as it was stored, by the hour in which it was. The sink's own insert
-- fills it; a day is dropped when it is archived and four days old. Rows older than two days come from the archive itself
-- (a rebuild), and stand there already.
CREATE TABLE IF NOT EXISTS archivable_events (
    namespace LowCardinality(String),
    archive_hour DateTime('UTC') DEFAULT toStartOfHour(stored_at, 'UTC'),
    partition UInt16,
    offset UInt64,
    position UInt16,
    ingested_at DateTime64(6, 'UTC'),
    stored_at DateTime64(6, 'UTC'),
    type LowCardinality(String),
    subject String,
    source String,
    id String,
    hour DateTime('UTC'),
    time DateTime64(6, 'UTC'),
    time_given Bool,
    data String CODEC(ZSTD(1)),
    datacontenttype LowCardinality(String),
    dataschema String,
    validation_error String,
    identity UInt64,
    digest UInt64
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMMDD(archive_hour)
ORDER BY (namespace, archive_hour, partition, offset, position, ingested_at);

CREATE MATERIALIZED VIEW IF NOT EXISTS archivable_events_of_events TO archivable_events AS
SELECT namespace, toStartOfHour(stored_at, 'UTC') AS archive_hour, partition, offset, position, ingested_at, stored_at, type,
       subject, source, id, hour, time, time_given, data, datacontenttype, dataschema, validation_error, identity, digest
FROM events
WHERE stored_at > now() - INTERVAL 2 DAY;

-- Which hours of the archive this store holds: what it wrote there, and what it was rebuilt from. A store that is lost
-- forgets them with the rest, so nothing can say of an empty store that it is whole.
CREATE TABLE IF NOT EXISTS archived_hours (
    kind LowCardinality(String),
    namespace String,
    hour DateTime('UTC'),
    edition UInt32,
    rows UInt64,
    at DateTime('UTC') DEFAULT now()
)
ENGINE = ReplacingMergeTree(at)
ORDER BY (kind, namespace, hour, edition);

-- How far a rebuild has read the log again: per partition the next offset, and the one it ends at.
CREATE TABLE IF NOT EXISTS rebuilt_log (
    partition UInt16,
    next UInt64,
    upto UInt64,
    at DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = ReplacingMergeTree(at)
ORDER BY partition;
