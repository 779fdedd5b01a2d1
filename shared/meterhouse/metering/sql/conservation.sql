-- name: account
-- What became of the events that were accepted in a period, by hour of acceptance. All writings are read once: what is
-- stored while this runs is in all of its numbers or in none. `stored` and `ends` hold an offset a partition.
WITH
    %(stored)s AS stored, %(ends)s AS ends, %(types)s AS types, %(kinds)s AS kinds, %(meters)s AS meters,
    %(meter_kinds)s AS meter_kinds, %(meter_froms)s::Array(Int64) AS meter_froms,
    %(meter_untils)s::Array(Int64) AS meter_untils, %(meter_needs)s AS meter_needs
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
    sum(abs(if(is_stored, missing + if(is_dead, 0, rest), 0) - surplus)) AS astray
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
        countIf(class NOT IN ('accepted', 'dead')) AS in_store,
        countIf(class = 'dead') > 0 AS is_dead,
        greatest(toInt64(accepted) - toInt64(in_store), 0) AS rest,
        greatest(toInt64(in_store) - toInt64(accepted), 0) AS surplus,
        offset < stored[partition + 1] AS is_stored
    FROM (
        SELECT partition, offset, toUnixTimestamp64Milli(accepted_at) AS at, events, 'accepted' AS class
        FROM accepted_records
        WHERE namespace = %(namespace)s AND hour >= toDateTime(%(from)s) AND hour < toDateTime(%(to)s)
        UNION ALL
        SELECT partition, offset, toUnixTimestamp64Milli(accepted_at), 0, 'dead'
        FROM dead_records
        WHERE topic != '' AND namespace = %(namespace)s AND hour >= toDateTime(%(from)s) AND hour < toDateTime(%(to)s)
        UNION ALL
        SELECT partition, offset, intDiv(ingested, 1000), 0, class
        FROM ({writings})
        WHERE ingested >= %(from)s * 1000000 AND ingested < %(to)s * 1000000
    )
    GROUP BY partition, offset, at
    -- what is younger than the ends that the witness read to is looked at by the next report
    HAVING accepted > 0 OR offset < ends[partition + 1]
)
GROUP BY hour
ORDER BY hour

-- name: writings
-- Each writing of the identities that were written in the period, and what it is. The first is what the meters make of it
-- that ask for its type from its time on and were not deleted when it was accepted. Columns of numbers, for tuples would cost ten times as much: `kind` numbers the
-- event types that some meter asks for, `key` is the row of the values that belongs to a writing. While a subject is erased
-- one writing stands under two names: it is one, and the values of either are its own.
SELECT
    toUInt16(bitShiftRight(place, 48)) AS partition,
    bitAnd(place, toUInt64(0xFFFFFFFFFFFF)) AS offset,
    ingested,
    multiIf(one = first, of_first, digest = first_digest, 'duplicate', 'conflict') AS class
FROM (
    SELECT
        groupArrayIf(written, is_writing) AS ones,
        groupArrayIf(digest, is_writing) AS digests,
        groupArrayIf(at, is_writing) AS ats,
        groupArrayIf(place, is_writing) AS places,
        groupArrayIf(key, is_writing) AS own_keys,
        groupArrayIf(key, NOT is_writing) AS keys,
        groupArrayIf(needs, NOT is_writing) AS read_needs,
        groupArrayIf(counts, NOT is_writing) AS read_counts,
        arrayMin(ones) AS first,
        argMinIf(digest, written, is_writing) AS first_digest,
        arrayFilter((key, one) -> one = first, own_keys, ones) AS first_keys,
        argMinIf(asks, written, is_writing) AS asked,
        argMinIf(needs, written, is_writing) AS needed,
        multiIf(
            asked = 0, 'unmatched',
            arrayCount((of, need) -> need > 0 AND has(first_keys, of), keys, read_needs) < needed, 'missing',
            arrayExists((of, count) -> count > 0 AND has(first_keys, of), keys, read_counts), 'counted',
            arrayCount(of -> has(first_keys, of), keys) < asked, 'waiting',
            'invalid') AS of_first
    FROM (
        SELECT sipHash128(source, id) AS identified, true AS is_writing, written, digest,
               toUnixTimestamp64Micro(ingested_at) AS at, bitShiftLeft(toUInt64(partition), 48) + offset AS place,
               transform(type, types, kinds, 0) AS kind, cityHash64(kind, subject, hour) AS key,
               toUnixTimestamp64Micro(time) AS since,
               arrayCount(
                   (of, from, until) -> of = kind AND from <= since AND at < until,
                   meter_kinds, meter_froms, meter_untils) AS asks,
               arrayCount(
                   (of, from, until, need) -> of = kind AND from <= since AND at < until AND need > 0,
                   meter_kinds, meter_froms, meter_untils, meter_needs) AS needs,
               0 AS counts
        FROM event_writings FINAL
        WHERE namespace = %(namespace)s AND identity IN (
            SELECT identity FROM event_writings WHERE namespace = %(namespace)s AND {in_period})
        UNION ALL
        SELECT sipHash128(source, id), false, 0, 0, 0, 0,
               transform(meter_id, meters, meter_kinds, 0) AS kind, cityHash64(kind, subject, hour), 0, 0,
               transform(meter_id, meters, meter_needs, 0), counts
        FROM meter_values FINAL
        WHERE namespace = %(namespace)s AND meter_id IN meters AND NOT superseded
          AND transform(meter_id, meters, meter_froms, toInt64(0)) <= toUnixTimestamp64Micro(time)
          AND transform(meter_id, meters, meter_untils, toInt64(0)) > toUnixTimestamp64Micro(ingested_at)
          AND hour IN (SELECT hour FROM event_writings WHERE namespace = %(namespace)s AND {in_period})
    )
    GROUP BY identified
    HAVING notEmpty(ones)
)
ARRAY JOIN ones AS one, digests AS digest, ats AS ingested, places AS place, arrayEnumerateUniq(ones) AS nth
WHERE nth = 1

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

-- name: died
-- Letters of the period, each once however often the witness wrote it down.
SELECT uniqExact(letter_partition, letter_offset, died_at)
FROM dead_records
WHERE died_at >= toDateTime(%(from)s) AND died_at < toDateTime(%(to)s)
