"""Rollups in ClickHouse."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from meterhouse.metering.roll_up import DirtyHour
from meterhouse.metering.span import DAY, HOUR
from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.metering", "rollup.sql")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNIQUES = {
    "of_values": ("uniqExactArrayState(texts)", "emptyArrayString()"),
    "of_hours": ("uniqExactMergeState(texts)", "arrayReduce('uniqExactState', emptyArrayString())"),
}
"""How texts, or sets of them, become one set; and what holds none."""
_COLUMNS = ("namespace", "meter_id", "hour", "mark", "covered")


class ClickHouseRollups:
    def __init__(self, store: ClickHouse) -> None:
        self._store = store

    def dirty_hours(self, limit: int) -> list[DirtyHour]:
        rows = self._store.query(_SQL["dirty_hours"], {"limit": limit})
        return [
            DirtyHour(namespace, meter_id, _EPOCH + timedelta(seconds=hour), tuple(marks))
            for namespace, meter_id, hour, marks in sorted(rows)
        ]

    def recompute(self, hours: Sequence[DirtyHour]) -> None:
        starts = [_seconds(dirty) for dirty in hours]
        self._recompute(hours[0], HOUR, starts, "of_values")
        self._recompute(hours[0], DAY, sorted({at - at % DAY for at in starts}), "of_hours")

    def _recompute(self, meter: DirtyHour, seconds: int, starts: list[int], source: str) -> None:
        # the later of two runs at once must win: its version is drawn after its marks were read, before the values are
        [(rolled_at,)] = self._store.query(_SQL["now"])
        parameters = {
            "namespace": meter.namespace,
            "meter_id": meter.meter_id,
            "seconds": seconds,
            "starts": starts,
            "rolled_at": rolled_at,
        }
        self._store.command(recompute_sql(source), parameters)

    def cover(self, hours: Sequence[DirtyHour]) -> None:
        marks = [(dirty, mark) for dirty in hours for mark in dirty.marks]
        data: list[Sequence[object]] = [
            [dirty.namespace for dirty, _ in marks],
            [dirty.meter_id for dirty, _ in marks],
            [_seconds(dirty) for dirty, _ in marks],
            [mark for _, mark in marks],
            [1] * len(marks),
        ]
        self._store.insert("dirty_hours", _COLUMNS, data, {"max_partitions_per_insert_block": 0})


def recompute_sql(source: str) -> str:
    """The insert of spans anew, hours `of_values` or days `of_hours`."""
    uniques, no_texts = _UNIQUES[source]
    return _SQL["recompute"].format(source=_SQL[source], uniques=uniques, no_texts=no_texts)


def _seconds(dirty: DirtyHour) -> int:
    return (dirty.hour - _EPOCH) // timedelta(seconds=1)
