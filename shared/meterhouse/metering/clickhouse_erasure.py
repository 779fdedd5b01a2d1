"""A subject's rows in ClickHouse, written once more under its pseudonym and then deleted.

The name stands in the sort keys, so no row can be changed where it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from meterhouse.kernel.errors import InvariantBroken
from meterhouse.metering.batch import microseconds
from meterhouse.metering.clickhouse_archive import EVENT_COLUMNS
from meterhouse.metering.clickhouse_stored_events import stored_batch
from meterhouse.metering.erase_archive import BLOCK
from meterhouse.metering.late_usage import LateUsage
from meterhouse.metering.model import TWINS
from meterhouse.metering.reduced_data import reduced_data
from meterhouse.platform.sql import queries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from meterhouse.metering.batch import EventBatch
    from meterhouse.metering.erased_name import ErasedName
    from meterhouse.metering.matching import Matching
    from meterhouse.platform.clickhouse import ClickHouse

_SQL = queries("meterhouse.metering", "erased_usage.sql")
_ROWS_AT_ONCE = 1_000
_EVENTS, _SPOOL, _DESK, _VALUES, _WRITINGS = (
    "events",
    "archivable_events",
    "renamed_pages",
    "meter_values",
    "event_writings",
)
_DIGEST = "digest"
_COLUMNS = {_EVENTS: EVENT_COLUMNS, _SPOOL: (*EVENT_COLUMNS, _DIGEST), _DESK: (*EVENT_COLUMNS, _DIGEST)}
_DAY_OF = {_EVENTS: "hour", _VALUES: "hour", _SPOOL: "archive_hour", _DESK: "archive_hour"}
"""What the partitions of a table go by."""
_READ_AS = {
    "hour": "toUnixTimestamp(hour)",
    **{name: f"toUnixTimestamp64Micro({name})" for name in ("time", "ingested_at", "stored_at")},
}
_OF_BATCH = (
    "subject",
    "source",
    "id",
    "hour",
    "time",
    "data",
    "ingested_at",
    "stored_at",
    "partition",
    "offset",
    "position",
)
HELD = "erasing "
"""As `rollup.sql` has it."""
_ANY_NUMBER_OF_DAYS = {"max_partitions_per_insert_block": 0}


class ClickHouseErasure:
    def __init__(self, store: ClickHouse, rows_at_once: int = _ROWS_AT_ONCE) -> None:
        self._store = store
        self._rows_at_once = rows_at_once

    def left(self, name: ErasedName) -> tuple[int, int]:
        """How many events, and values of meters, still bear the name."""
        events = max(self._count(table, name) for table in (_EVENTS, _SPOOL, _WRITINGS))
        return events, self._count(_VALUES, name)

    def copy(self, name: ErasedName, matching: Matching, wrote: Callable[[EventBatch], None]) -> None:
        """Write everything under the pseudonym, too; `wrote` is called with the events of each page.

        Until the rest is done both stand in the store, in which no later writing is among them (`later_writings`).
        Values of the name become twins, which count for who asks for the name alone.
        """
        for day in self._days(_VALUES, name):
            text = _SQL["copy_values"].format(**_parts())
            self._store.command(text, _names(name) | {"day": day})
        for table in (_EVENTS, _SPOOL):
            for batch in self._rename(table, name, matching):
                if table == _EVENTS:
                    wrote(batch)
        # after the events, whose view writes digests anew: one that differs would make a conflict of a duplicate
        self._store.command(_SQL["copy_writings"].format(**_parts()), _names(name))

    def used(self, name: ErasedName) -> list[LateUsage]:
        """What meters read of the pseudonym, from its earliest hour on."""
        rows = self._store.query(_SQL["used"], _names(name))
        return [LateUsage(name.namespace, meter_id, name.pseudonym, earliest) for meter_id, earliest in rows]

    def hold(self, name: ErasedName, mark: str) -> None:
        """Have every hour of either name read from its values until `delete`: rollups know nothing of twins."""
        self._store.command(_SQL["mark_dirty"], _names(name) | {"mark": f"{_held(name)}{mark}"})

    def delete(self, name: ErasedName, mark: str) -> None:
        """Delete what bears the name; values first, for which of them go is told by the writings.

        Rollups go where nothing is left to roll up; else, for new usage under the name, they are recomputed. What was
        held is rolled up by this mark.
        """
        # twins go last: without them what they stand for, and what is later than that, would count
        for rows in (f"{_rows_of(_VALUES)} AND {_SQL['no_twin']}", _SQL["uncovered"], _rows_of(_VALUES)):
            self._delete(_VALUES, rows, name)
        for table in (_EVENTS, _SPOOL, _WRITINGS):
            self._delete(table, _rows_of(table), name)
        # now that the first writings are gone, whoever stores such a value after this finds by itself that it is later
        self._delete(_VALUES, _SQL["uncovered"], name)
        if not self._counted(_VALUES, _SQL["of_any_time"], name):
            self._delete("usage_rollups", _SQL["of_any_time"], name)
        held = _names(name) | {"held": _held(name), "mark": mark}
        for of_hour, covered in (("%(mark)s", 0), ("held", 1)):
            self._store.command(_SQL["release"].format(mark=of_hour, covered=covered), held)

    def places(self, name: ErasedName) -> dict[int, list[int]]:
        """By partition the blocks of offsets that hold records of either name, in order."""
        return dict(self._store.query(_SQL["places"], _names(name) | {"block": BLOCK}))

    def renamed(self, parquet: bytes, rows: int, name: ErasedName, matching: Matching) -> bytes | None:
        """A page of the archive, of so many rows, under the pseudonym; None where the name is not in it.

        Raises:
            InvariantBroken: the page would lose rows.
        """
        columns = _COLUMNS[_DESK]
        self._store.command(_SQL["empty_desk"])
        self._store.insert_parquet(_DESK, columns, parquet)
        try:
            if not sum(len(batch) for batch in self._rename(_DESK, name, matching)):
                return None
            if self._store.query(_SQL["rows_on_desk"]) != [(rows,)]:
                raise InvariantBroken("a page of the archive would not have the rows that it had")
            return self._store.parquet(_SQL["renamed_page"].format(columns=", ".join(columns)), {})
        finally:
            self._store.command(_SQL["empty_desk"])

    def _rename(self, table: str, name: ErasedName, matching: Matching) -> Iterator[EventBatch]:
        """Insert the name's rows under the pseudonym, with data reduced to what meters read; page by page."""
        columns = _COLUMNS[table]
        for day in self._days(table, name):
            after = (-1, -1, -1, -1)
            while rows := self._page(table, columns, name, day, after):
                found = dict(zip(columns, map(list, zip(*rows, strict=True)), strict=True))
                *_, after = zip(*(found[one] for one in _PLACE), strict=True)
                found["subject"] = [name.pseudonym] * len(rows)
                found["data"] = [
                    reduced_data(data.encode(), matching.get((name.namespace, type_), ()), name).decode()
                    for type_, data in zip(found["type"], found["data"], strict=True)
                ]
                self._store.insert(table, columns, list(found.values()), _ANY_NUMBER_OF_DAYS)
                yield stored_batch(
                    name.namespace, found["type"], list(zip(*(found[one] for one in _OF_BATCH), strict=True))
                )

    def _page(
        self, table: str, columns: tuple[str, ...], name: ErasedName, day: int, after: tuple[Any, ...]
    ) -> list[tuple[Any, ...]]:
        text = _SQL["page"].format(
            table=table, day=_DAY_OF[table], columns=", ".join(_READ_AS.get(one, one) for one in columns), **_parts()
        )
        place = dict(zip(("after_partition", "after_offset", "after_position", "after_instant"), after, strict=True))
        return self._store.query(text, _names(name) | place | {"day": day, "limit": self._rows_at_once})

    def _days(self, table: str, name: ErasedName) -> list[int]:
        text = _SQL["days"].format(table=table, day=_DAY_OF[table], **_parts())
        return [day for (day,) in self._store.query(text, _names(name))]

    def _count(self, table: str, name: ErasedName) -> int:
        return self._counted(table, _rows_of(table), name)

    def _counted(self, table: str, rows: str, name: ErasedName) -> int:
        [(count,)] = self._store.query(_SQL["count"].format(table=table, rows=rows), _names(name))
        return int(count)

    def _delete(self, table: str, rows: str, name: ErasedName) -> None:
        """A deletion rewrites parts, and takes its time where there is nothing to delete, too."""
        if self._counted(table, rows, name):
            self._store.command(_SQL["delete"].format(table=table, rows=rows), _names(name))


_PLACE = ("partition", "offset", "position", "ingested_at")


def _parts() -> dict[str, str]:
    of_name = _SQL["of_name"]
    return {"of_name": of_name, "moves": _SQL["moves"].format(of_name=of_name), "no_twin": _SQL["no_twin"]}


def _held(name: ErasedName) -> str:
    """How marks begin that the roll-up leaves alone."""
    return f"{HELD}{name.pseudonym} "


def _rows_of(table: str) -> str:
    parts = _parts()
    return f"{parts['of_name']} AND {parts['moves']}" if table == _VALUES else parts["of_name"]


def _names(name: ErasedName) -> dict[str, Any]:
    quoted, quoted_pseudonym = name.quoted
    return {
        "namespace": name.namespace,
        "subject": name.subject,
        "pseudonym": name.pseudonym,
        "quoted": quoted,
        "quoted_pseudonym": quoted_pseudonym,
        "before": microseconds(name.before),
        "twins": TWINS,
    }
