-- name: day
-- One day of every subject's events, evenly spread, in the order of the key; ids tell the time and are random behind it.
-- Later writings differ in their value, so that to count one shows.
INSERT INTO meter_values (
    namespace, meter_id, subject, hour, source, id, time, value, counts, group_by, ingested_at, stored_at, offset
)
SELECT 'bench', %(meter_id)s, concat('customer-', leftPad(toString(intDiv(number, %(daily)s)), 5, '0')), toStartOfHour(at),
       'bench', concat(hex(toUnixTimestamp64Milli(at)), hex(sipHash64(number, %(day)s))), at AS time,
       toDecimal128(number %% 5000, 18) + toDecimal128(if(%(later)s, 0.5, 0.25), 18), true,
       map('region', ['eu', 'us', 'ap'][1 + number %% 3]), at + toIntervalSecond(if(%(later)s, 60, 1)) AS accepted, accepted,
       number
FROM (
    SELECT number,
           toDateTime64(%(day)s, 6, 'UTC') + toIntervalMicrosecond(intDiv(number %% %(daily)s * 86400000000, %(daily)s)) AS at
    FROM numbers(%(events)s)
    WHERE number %% %(every)s = 0
)
SETTINGS max_block_size = 4000000, max_insert_block_size = 4000000, min_insert_block_size_rows = 4000000, max_threads = 1

-- name: marks
-- As the sink leaves every hour, before it is rolled up.
INSERT INTO dirty_hours (namespace, meter_id, hour, mark)
SELECT DISTINCT namespace, meter_id, hour, 'bench' FROM meter_values
SETTINGS max_partitions_per_insert_block = 0

-- name: mark_hour
INSERT INTO dirty_hours (namespace, meter_id, hour, mark) VALUES ('bench', %(meter_id)s, toDateTime(%(hour)s), 'late')
