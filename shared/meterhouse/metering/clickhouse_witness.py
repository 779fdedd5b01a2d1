"""What the witness saw, in ClickHouse."""

from collections.abc import Sequence
from operator import attrgetter

from meterhouse.metering.witness import AcceptedRecord, DeadRecord
from meterhouse.platform.clickhouse import ClickHouse

_ANY_NUMBER_OF_MONTHS = {"max_partitions_per_insert_block": 0}
_ACCEPTED = {
    "namespace": "namespace",
    "partition": "partition",
    "offset": "offset",
    "accepted_at": "accepted_ms",
    "events": "events",
}
_LETTER = {
    "topic": "topic",
    "letter_partition": "letter_partition",
    "letter_offset": "letter_offset",
    "died_at": "died_ms",
    "bytes": "bytes",
    "reason": "reason",
}
_DEAD = {column: f"record.{name}" for column, name in _ACCEPTED.items()} | _LETTER


class ClickHouseWitness:
    def __init__(self, store: ClickHouse) -> None:
        self._store = store

    def add_accepted(self, records: Sequence[AcceptedRecord]) -> None:
        data = [list(map(attrgetter(name), records)) for name in _ACCEPTED.values()]
        self._store.insert("accepted_records", tuple(_ACCEPTED), data, _ANY_NUMBER_OF_MONTHS)

    def add_dead(self, records: Sequence[DeadRecord]) -> None:
        data = [list(map(attrgetter(name), records)) for name in _DEAD.values()]
        self._store.insert("dead_records", tuple(_DEAD), data)
