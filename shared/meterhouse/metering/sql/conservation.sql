-- name: account
-- What became of the events that were accepted in a period, by hour of acceptance. All writings are read once: what is
-- stored while this runs is in all of its numbers or in none. `stored` and `ends` hold an offset a partition,
-- `meters` (id, event type, earliest time in µs, whether its backfill is complete).
WITH %(meters)s AS meters, %(stored)s AS stored, %(ends)s AS ends
SELECT
    intDiv(at, 3600000) * 3600 AS hour,
    sum(accepted),
    sum(counted),
    sum(unmatched),
    sum(invalid),
    sum(duplicate),
    sum(conflict),
    sum(if(is_dead, rest, 0)) AS dead,
    sum(if(is_stored, 0, missing + if(is_dead, 0, rest)) + waiting) AS pending,
    sum(abs(if(is_stored, missing + if(is_dead, 0, rest), 0) - surplus)) AS unexplained
FROM (
    SELECT
        partition, offset, at,
        max(events) AS accepted,
        countIf(class = 'counted') AS counted,
        countIf(class = 'unmatched') AS unmatched,
        countIf(class = 'invalid') AS invalid,
        countIf(class = 'duplicate') AS duplicate,
        countIf(class = 'conflict') AS conflict,
        countIf(class = 'missing') AS missing,
        countIf(class = 'waiting') AS waiting,
        countIf(class NOT IN ('accepted', 'dead')) AS written,
        countIf(class = 'dead') > 0 AS is_dead,
        greatest(toInt64(accepted) - toInt64(written), 0) AS rest,
        greatest(toInt64(written) - toInt64(accepted), 0) AS surplus,
        offset < stored[partition + 1] AS is_stored
    FROM (
        SELECT partition, offset, toUnixTimestamp64Milli(accepted_at) AS at, events, 'accepted' AS class
        FROM accepted_records
        WHERE namespace = %(namespace)s AND hour >= toDateTime(%(from)s) AND hour < toDateTime(%(to)s)
        UNION ALL
        SELECT partition, offset, toUnixTimestamp64Milli(accepted_at) AS at, 0 AS events, 'dead' AS class
        FROM dead_records
        WHERE topic != '' AND namespace = %(namespace)s AND hour >= toDateTime(%(from)s) AND hour < toDateTime(%(to)s)
        UNION ALL
        SELECT writing.2 AS partition, writing.3 AS offset, intDiv(writing.4, 1000) AS at, 0 AS events, class
        FROM ({classified})
        WHERE writing.4 >= %(from)s * 1000000 AND writing.4 < %(to)s * 1000000
    )
    GROUP BY partition, offset, at
    -- what is younger than the ends that the witness read to is looked at by the next report
    HAVING accepted > 0 OR offset < ends[partition + 1]
)
GROUP BY hour
ORDER BY hour

-- name: classified
-- Each writing of the identities that were written in the period, and what it is. The first writing is what meters make of it.
SELECT
    arrayJoin(arrayZip(
        writings,
        arrayMap(
            (one, number) -> multiIf(number = 1, of_first, one.5 = first.5, 'duplicate', 'conflict'),
            writings, arrayEnumerate(writings)))) AS pair,
    pair.1 AS writing,
    pair.2 AS class
FROM (
    SELECT
        arraySort(groupArrayIf((written, partition, offset, ingested, digest, type, time, key), is_writing)) AS writings,
        groupArrayIf((meter_id, counts, key), NOT is_writing) AS readings,
        writings[1] AS first,
        arrayFilter(meter -> meter.2 = first.6 AND meter.3 <= first.7, meters) AS matching,
        arrayFilter(reading -> reading.3 = first.8, readings) AS of_key,
        arrayMap(reading -> reading.1, of_key) AS readers,
        multiIf(
            empty(matching), 'unmatched',
            NOT hasAll(readers, arrayMap(meter -> meter.1, arrayFilter(meter -> meter.4, matching))), 'missing',
            arrayExists(reading -> reading.2 AND arrayExists(meter -> meter.1 = reading.1, matching), of_key), 'counted',
            NOT hasAll(readers, arrayMap(meter -> meter.1, matching)), 'waiting',
            'invalid') AS of_first
    FROM (
        SELECT sipHash128(source, id) AS identified, true AS is_writing, written, partition, offset,
               toUnixTimestamp64Micro(ingested_at) AS ingested, digest, type, toUnixTimestamp64Micro(time) AS time,
               cityHash64(subject, hour) AS key, '' AS meter_id, false AS counts
        FROM event_writings FINAL
        WHERE namespace = %(namespace)s AND identity IN (
            SELECT identity FROM event_writings WHERE namespace = %(namespace)s AND {in_period})
        UNION ALL
        SELECT sipHash128(source, id), false, 0, 0, 0, 0, 0, '', 0, cityHash64(subject, hour), meter_id, counts
        FROM meter_values FINAL
        WHERE namespace = %(namespace)s AND meter_id IN arrayMap(meter -> meter.1, meters) AND NOT superseded
          AND hour IN (SELECT hour FROM event_writings WHERE namespace = %(namespace)s AND {in_period})
    )
    GROUP BY identified
    HAVING notEmpty(writings)
)

-- name: in_period
ingested_at >= fromUnixTimestamp64Micro(%(from)s * 1000000) AND ingested_at < fromUnixTimestamp64Micro(%(to)s * 1000000)

-- name: conflicts
-- Later writings with another body than the first, the latest first, each as (written, type, subject, time).
SELECT source, id, first, (one.1, one.2, one.3, one.4) AS later
FROM (
    SELECT
        source, id,
        arraySort(groupArray((written, type, subject, toUnixTimestamp64Micro(time), digest, ingested_at))) AS writings,
        (writings[1].1, writings[1].2, writings[1].3, writings[1].4) AS first,
        arrayJoin(arrayFilter(writing -> writing.5 != writings[1].5, writings)) AS one
    FROM event_writings FINAL
    WHERE namespace = %(namespace)s AND identity IN (
        SELECT identity
        FROM event_writings
        WHERE namespace = %(namespace)s AND identity IN (
            SELECT identity FROM event_writings WHERE namespace = %(namespace)s AND {in_period})
        GROUP BY identity
        HAVING min(digest) != max(digest))
    GROUP BY source, id
)
WHERE one.6 >= fromUnixTimestamp64Micro(%(from)s * 1000000) AND one.6 < fromUnixTimestamp64Micro(%(to)s * 1000000)
  AND one.1 < toUInt128(%(before)s)
ORDER BY one.1 DESC
LIMIT %(limit)s

-- name: witnessed
-- Namespaces that events of the period were accepted for, or stored in.
SELECT namespace FROM accepted_records WHERE hour >= toDateTime(%(from)s) AND hour < toDateTime(%(to)s)
UNION DISTINCT
SELECT namespace FROM event_writings WHERE {in_period}
ORDER BY namespace
