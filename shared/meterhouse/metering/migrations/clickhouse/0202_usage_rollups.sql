-- Hours whose values changed: a mark is set after the values are there, and covered after the hour was recomputed
-- from them, and its day from the hours. An hour is clean when each of its marks is covered.
CREATE TABLE IF NOT EXISTS dirty_hours (
    namespace LowCardinality(String),
    meter_id LowCardinality(String),
    hour DateTime('UTC'),
    mark String,
    covered UInt8,
    at DateTime('UTC') DEFAULT now()
)
ENGINE = ReplacingMergeTree(covered)
PARTITION BY toYYYYMM(hour)
ORDER BY (namespace, meter_id, hour, mark)
TTL at + INTERVAL 7 DAY DELETE WHERE covered = 1
SETTINGS index_granularity = 1024;

-- Usage of whole hours and days (`seconds` long), recomputed from the values, never added to; the last recomputation wins.
CREATE TABLE IF NOT EXISTS usage_rollups (
    namespace LowCardinality(String),
    meter_id LowCardinality(String),
    seconds UInt32,
    subject String,
    start DateTime('UTC'),
    group_by Map(LowCardinality(String), String),
    group_key String MATERIALIZED toJSONString(mapSort(group_by)),
    events UInt64,
    total Decimal(76, 18),
    low Decimal(38, 18),
    high Decimal(38, 18),
    latest Decimal(38, 18),
    latest_version UInt128,
    uniques AggregateFunction(uniqExact, String),
    first_at DateTime64(6, 'UTC'),
    last_at DateTime64(6, 'UTC'),
    rolled_at DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(rolled_at)
PARTITION BY (seconds, if(seconds < 86400, toYYYYMMDD(start), toYYYYMM(start)))
ORDER BY (namespace, meter_id, seconds, subject, start, group_key)
SETTINGS index_granularity = 1024;
