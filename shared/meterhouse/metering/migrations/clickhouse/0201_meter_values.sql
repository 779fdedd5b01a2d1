-- What each matching meter reads of an event, extracted once, when the event is stored. A row that does not count is
-- written all the same: it keeps a later writing of the same event from counting in its stead. A superseded row
-- stands at the place of the identity's first writing, which was made under another key: it hides all later writings of its
-- own key, and gives way to one that turns out to be earlier still. Of one writing the row of the meter's
-- latest `revision` is kept, of several writings the first (see `written` of events).
CREATE TABLE IF NOT EXISTS meter_values (
    namespace LowCardinality(String),
    meter_id LowCardinality(String),
    subject String,
    hour DateTime('UTC'),
    source String,
    id String,
    time DateTime64(6, 'UTC'),
    value Decimal(38, 18),
    texts Array(String),
    counts Bool,
    group_by Map(LowCardinality(String), String),
    ingested_at DateTime64(6, 'UTC'),
    stored_at DateTime64(6, 'UTC'),
    partition UInt16,
    offset UInt64,
    position UInt16,
    revision UInt16,
    superseded Bool,
    version UInt128 MATERIALIZED bitNot(
        bitShiftLeft(toUInt128(intDiv(toUnixTimestamp64Micro(ingested_at), 1000)), 84)
        + bitShiftLeft(toUInt128(partition), 72) + bitShiftLeft(toUInt128(offset), 28)
        + bitShiftLeft(toUInt128(position), 14) + toUInt128(16383 - revision)),
    CONSTRAINT superseded_rows_never_count CHECK NOT (superseded AND counts)
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMMDD(hour)
PRIMARY KEY (namespace, meter_id, subject, hour)
ORDER BY (namespace, meter_id, subject, hour, source, id)
SETTINGS index_granularity = 4096;
