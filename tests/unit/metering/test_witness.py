"""Anybody may write anything into a log: the witness makes a row of it all the same."""

from collections.abc import Iterator, Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.kernel.errors import Unavailable
from meterhouse.metering.preview import preview
from meterhouse.metering.sink import LogRecord
from meterhouse.metering.witness import AcceptedRecord, DeadRecord, Witness, accepted_record, dead_record

headers = st.dictionaries(
    st.sampled_from(["topic", "partition", "offset", "timestamp", "events", "reason"]),
    st.binary(max_size=30) | st.integers(-(10**25), 10**25).map(lambda number: str(number).encode()),
)
records = st.builds(
    LogRecord,
    topic=st.just("events"),
    partition=st.integers(0, 6),
    offset=st.integers(0, 1 << 60),
    key=st.none() | st.binary(max_size=600),
    value=st.none() | st.binary(max_size=30),
    timestamp_ms=st.none() | st.integers(-(1 << 63), (1 << 63) - 1),
    headers=headers,
)


class Topic:
    """Three records, of which one call reads as many as fit its turn."""

    def __init__(self, records_a_turn: int) -> None:
        self.turn, self.committed, self.read = records_a_turn, 0, 0

    def ends(self) -> dict[int, int]:
        return {0: 3}

    def unread(self, ends: Mapping[int, int]) -> Iterator[LogRecord]:
        for offset in range(self.committed, ends[0]):
            if offset == self.committed + self.turn:
                raise Unavailable("its turn is over")
            self.read = offset + 1
            yield LogRecord("events", 0, offset, b"acme", b"x", 0)

    def commit(self) -> None:
        self.committed = self.read


class Store:
    def __init__(self) -> None:
        self.offsets: list[int] = []

    def add_accepted(self, records: Sequence[AcceptedRecord]) -> None:
        self.offsets += [record.offset for record in records]

    def add_dead(self, records: Sequence[DeadRecord]) -> None:
        raise AssertionError(records)


def test_a_witness_whose_turn_is_over_goes_on_where_it_was() -> None:
    topic, store = Topic(records_a_turn=2), Store()
    witness = Witness(topic, topic, store)
    with pytest.raises(Unavailable):
        witness.accepted()
    assert (store.offsets, topic.committed) == ([0, 1], 2)
    assert witness.accepted() == {0: 3}
    assert (store.offsets, topic.committed) == ([0, 1, 2], 3)


def fits_the_store(row: AcceptedRecord) -> bool:
    return (
        0 <= row.partition < 1 << 16
        and 0 <= row.offset < 1 << 64
        and 0 <= row.accepted_ms < 4_102_444_800_000
        and 0 < row.events < 1 << 32
        and "\0" not in row.namespace
    )


@given(records)
def test_every_record_and_every_letter_fits_the_store(record: LogRecord) -> None:
    letter = dead_record(record)
    assert fits_the_store(accepted_record(record))
    assert fits_the_store(letter.record)
    assert 0 <= letter.died_ms < 4_102_444_800_000


@given(st.binary(max_size=600).filter(lambda key: not key.isascii() or len(key) > 64))
def test_no_foreign_key_becomes_a_namespace_of_ours(key: bytes) -> None:
    namespace = accepted_record(LogRecord("events", 0, 0, key, None)).namespace
    assert not namespace.isascii() or len(namespace) > 64


@pytest.mark.parametrize("timestamp", [None, -1, 0, 1_772_360_100_000, 1 << 62])
def test_a_letter_is_known_by_the_instant_the_record_is_known_by(timestamp: int | None) -> None:
    record = LogRecord("events", 3, 7, b"acme", b"x", timestamp, {"events": b"12"})
    buried = {"topic": b"events", "partition": b"3", "offset": b"7", "events": b"12"}
    told = {} if timestamp is None else {"timestamp": str(timestamp).encode()}
    letter = LogRecord("dead", 0, 0, b"acme", b"x", 0, buried | told)
    assert dead_record(letter).record == accepted_record(record)


@given(st.binary(max_size=10_000))
def test_a_preview_of_any_bytes_is_short_and_printable(value: bytes) -> None:
    text = preview(value)
    assert len(text) <= 2000
    assert all(character.isprintable() or character in "\n\t" for character in text)
