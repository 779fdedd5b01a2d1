-- name: of_name
-- What was accepted before the erasure was asked for.
namespace = %(namespace)s AND subject = %(subject)s AND ingested_at < fromUnixTimestamp64Micro(toInt64(%(before)s))

-- name: count
SELECT count() FROM {table} WHERE {rows}

-- name: days
SELECT DISTINCT toYYYYMMDD({day}) AS day FROM {table} WHERE {of_name} ORDER BY day

-- name: page
-- The name's next rows of a day; those that are renamed already are hidden where both stand under one key.
SELECT {columns} FROM {table} FINAL
WHERE {of_name} AND toYYYYMMDD({day}) = %(day)s
  AND (partition, offset, position, toUnixTimestamp64Micro(ingested_at))
      > (%(after_partition)s, %(after_offset)s, %(after_position)s, %(after_instant)s)
ORDER BY partition, offset, position, ingested_at
LIMIT %(limit)s

-- name: copy_values
-- A row under the pseudonym, and beside it one that takes the old one's place: it counts for who asks for the name, until
-- the name's records follow, and for nobody who sums over all subjects. An insert into one day is there at once, so these
-- see each value once. Such a twin is told by its revision: it goes before every reading of the same writing.
INSERT INTO meter_values (
    namespace, meter_id, subject, hour, source, id, time, value, texts, counts, group_by, ingested_at, stored_at, partition,
    offset, position, revision, superseded
)
SELECT namespace, meter_id, if(twin > 0, subject, %(pseudonym)s), hour, source, id, time, value,
       if(twin > 0, texts, arrayMap(
           text -> if(text = %(subject)s, %(pseudonym)s, replaceAll(text, %(quoted)s, %(quoted_pseudonym)s)), texts)),
       counts,
       if(twin > 0, group_by, mapApply((name, text) -> (
           name, if(text = %(subject)s, %(pseudonym)s, replaceAll(text, %(quoted)s, %(quoted_pseudonym)s))), group_by)),
       ingested_at, stored_at, partition, offset, position, revision + twin, superseded
FROM meter_values
ARRAY JOIN [0, %(twins)s] AS twin
WHERE {of_name} AND toYYYYMMDD(hour) = %(day)s AND {moves} AND {no_twin} AND (twin = 0 OR counts)
SETTINGS max_partitions_per_insert_block = 0

-- name: no_twin
revision < %(twins)s

-- name: moves
-- A row that hides a writing goes with that writing: one that hides what came after the erasure stays where it hides it.
(NOT superseded OR (source, id, hour) IN (SELECT source, id, hour FROM event_writings WHERE {of_name}))

-- name: copy_writings
INSERT INTO event_writings (
    namespace, identity, source, id, type, subject, hour, ingested_at, partition, offset, position, time, written, version,
    digest
)
SELECT namespace, identity, source, id, type, %(pseudonym)s, hour, ingested_at, partition, offset, position, time, written,
       version, digest
FROM event_writings
WHERE {of_name}

-- name: mark_dirty
INSERT INTO dirty_hours (namespace, meter_id, hour, mark, covered)
SELECT DISTINCT namespace, meter_id, hour, %(mark)s, 0
FROM meter_values
WHERE namespace = %(namespace)s AND subject IN (%(subject)s, %(pseudonym)s)
SETTINGS max_partitions_per_insert_block = 0

-- name: release
-- Hours that erasures of this pseudonym held, to be marked with {mark}: the roll-up takes those of its own alone.
INSERT INTO dirty_hours (namespace, meter_id, hour, mark, covered)
SELECT DISTINCT namespace, meter_id, hour, {mark}, {covered}
FROM (
    SELECT namespace, meter_id, hour, mark AS held
    FROM dirty_hours
    WHERE namespace = %(namespace)s AND startsWith(mark, %(held)s)
    GROUP BY namespace, meter_id, hour, mark
    HAVING max(covered) = 0
)
SETTINGS max_partitions_per_insert_block = 0

-- name: used
-- Which meters read usage of the pseudonym, and from when on.
SELECT meter_id, min(toUnixTimestamp64Micro(toDateTime64(hour, 6, 'UTC')))
FROM meter_values
WHERE namespace = %(namespace)s AND subject = %(pseudonym)s
GROUP BY meter_id
ORDER BY meter_id

-- name: of_any_time
namespace = %(namespace)s AND subject = %(subject)s

-- name: uncovered
-- Values of events that were accepted once more after it: under the key of the first writing, which went, they would count.
namespace = %(namespace)s AND subject = %(subject)s AND NOT superseded
AND ingested_at >= fromUnixTimestamp64Micro(toInt64(%(before)s))
AND (source, id, hour) IN (
    SELECT source, id, hour FROM event_writings WHERE namespace = %(namespace)s AND subject = %(pseudonym)s
)

-- name: delete
ALTER TABLE {table} DELETE WHERE {rows}
SETTINGS mutations_sync = 2, allow_nondeterministic_mutations = 1

-- name: places
-- Where in the log the subject's records stand, in blocks of offsets, under either name.
SELECT partition, arraySort(groupUniqArray(intDiv(offset, %(block)s)))
FROM event_writings
WHERE namespace = %(namespace)s AND subject IN (%(subject)s, %(pseudonym)s)
  AND ingested_at < fromUnixTimestamp64Micro(toInt64(%(before)s))
GROUP BY partition

-- name: empty_desk
TRUNCATE TABLE renamed_pages

-- name: rows_on_desk
SELECT count() FROM renamed_pages FINAL

-- name: renamed_page
SELECT {columns} FROM renamed_pages FINAL ORDER BY partition, offset, position, ingested_at
