-- name: usage
-- An event a day of every customer but the first, at some hour.
INSERT INTO meter_values (
    namespace, meter_id, subject, hour, source, id, time, value, counts, group_by, ingested_at, stored_at, offset
)
SELECT %(namespace)s, %(meter_id)s, concat(%(before)s, leftPad(toString(1 + number), 8, '0'), %(after)s) AS subject, at, 'bench',
       concat(subject, '/', %(day)s), at, toDecimal128(1, 18), true, map(), at, at, number
FROM (
    SELECT number, toDateTime(%(day)s, 'UTC') + toIntervalHour(number %% 24) AS at FROM numbers(%(customers)s)
)
SETTINGS max_partitions_per_insert_block = 0
