-- name: events
-- Departures of 16 carriers, evenly spread over so many milliseconds.
INSERT INTO events (
    namespace, type, subject, hour, source, id, time, time_given, data, ingested_at, stored_at, offset
)
SELECT 'bench', 'flight.departed', concat('c', toString(number % 16)), toStartOfHour(at), 'nycflights13',
       concat(toString(toDate(at)), '/UA', toString(number), '/EWR'), at AS time, true,
       concat(
           '{{"origin":"', ['EWR', 'JFK', 'LGA'][1 + number % 3],
           '","dest":"', ['IAH', 'MIA', 'BQN', 'ATL', 'ORD'][1 + number % 5],
           '","distance":', toString(80 + number % 4900),
           ',"air_time":', toString(40 + number % 600),
           ',"tailnum":"N', toString(10000 + number % 4000), '"}}'
       ),
       at, at, number
FROM (
    SELECT number, toDateTime64('2013-01-01', 6, 'UTC') + toIntervalMillisecond(intDiv(number * {span}, {count})) AS at
    FROM numbers({count})
)

-- name: values
-- What the sink would extract of them.
INSERT INTO meter_values (
    namespace, meter_id, subject, hour, source, id, time, value, counts, group_by, ingested_at, stored_at, offset
)
SELECT namespace, '{meter_id}', subject, hour, source, id, time, toDecimal128(JSONExtractUInt(data, 'distance'), 18),
       true, map('origin', JSONExtractString(data, 'origin'), 'dest', JSONExtractString(data, 'dest')), ingested_at, stored_at, offset
FROM events

-- name: marks
-- As the sink leaves every hour, before it is rolled up.
INSERT INTO dirty_hours (namespace, meter_id, hour, mark)
SELECT DISTINCT namespace, '{meter_id}', hour, 'bench' FROM events

-- name: extracting
-- The same answer without typed columns: exact, each identity once, the value at the meter's own JSONPath.
SELECT sum(toDecimal256OrNull(JSON_VALUE(data, '$.distance'), 18))
FROM events FINAL
WHERE namespace = 'bench' AND type = 'flight.departed'
  AND hour >= toDateTime('2013-01-01', 'UTC') AND hour < toDateTime('2013-02-01', 'UTC')
