"""What the usage store holds: parts of rows, merged whenever it likes."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from operator import itemgetter
from random import Random
from typing import Any

from tests.simulation.columns.schema import Changes, Table, tables
from tests.simulation.columns.sql import Row, Rows
from tests.simulation.columns.values import Map, Micros, frozen

_DEFAULTS: Mapping[str, Any] = {
    "AggregateFunction": frozenset(),
    "Array": (),
    "Bool": False,
    "DateTime64": Micros(0),
    "Decimal": Decimal(0),
    "LowCardinality": "",
    "Map": Map(),
    "String": "",
}


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one partition that landed together."""

    table: Table
    partition: Any
    rows: Rows


@dataclass
class Parts:
    changes: Changes = ()
    by_table: dict[str, list[Part]] = field(default_factory=dict)
    watch: Callable[[Part], None] = lambda _part: None
    """Told of each part that lands."""
    _merged: dict[str, Rows] = field(default_factory=dict)

    @property
    def schema(self) -> Mapping[str, Table]:
        return tables(self.changes)

    def rows(self, table: str, *, final: bool) -> Rows:
        """All rows; with `final` the latest version of each key, of equal versions the one that landed last.

        Rows of one key that stand in two partitions are both seen: our queries merge within partitions only.
        """
        parts = self.by_table.get(table, [])
        if not final:
            return [row for part in parts for row in part.rows]
        if table not in self._merged:
            partitions = _by_partition(parts).values()
            self._merged[table] = [row for some in partitions for row in _kept(self.schema[table], some)]
        return self._merged[table]

    def block(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[Part]:
        """What an insert makes of rows: parts of the table, then those of the views on it. Nothing landed yet."""
        known = self.schema[table]
        made = list(_rows(known, columns, rows))
        parts = list(_parted(known, made))
        for view in known.views:
            seen = view.select.run(_Block(made), {})
            parts += self.block(view.table, view.columns, seen)
        return parts

    def land(self, part: Part) -> None:
        self.by_table.setdefault(part.table.name, []).append(part)
        self._merged.pop(part.table.name, None)
        self.watch(part)

    def merge(self, draw: Random) -> str:
        """Merge two neighbouring parts of some partition; of which table, "" where there was nothing to merge."""
        table = draw.choice(sorted(self.schema))
        partitions = [parts for parts in _by_partition(self.by_table.get(table, [])).values() if len(parts) > 1]
        if not partitions:
            return ""
        parts = draw.choice(partitions)
        at = draw.randrange(len(parts) - 1)
        first, second = parts[at : at + 2]
        merged = Part(first.table, first.partition, _kept(first.table, [first, second]))
        self.by_table[table] = [
            merged if part is first else part for part in self.by_table[table] if part is not second
        ]
        return table

    def optimize(self, table: str) -> None:
        """Merge all there is to merge."""
        self.by_table[table] = [
            Part(self.schema[table], partition, _kept(self.schema[table], parts))
            for partition, parts in _by_partition(self.by_table.get(table, [])).items()
        ]


@dataclass(frozen=True, slots=True)
class _Block:
    """The rows of an insert, as a view sees them."""

    inserted: Rows

    def rows(self, _table: str, *, final: bool) -> Rows:
        assert not final
        return self.inserted


def _kept(table: Table, parts: Sequence[Part]) -> Rows:
    key_of, version = itemgetter(*table.key), table.version
    kept: dict[Any, Row] = {}
    for part in parts:
        for row in part.rows:
            key = key_of(row)
            if key not in kept or row[version] >= kept[key][version]:
                kept[key] = row
    return list(kept.values())


def _by_partition(parts: Iterable[Part]) -> dict[Any, list[Part]]:
    found: dict[Any, list[Part]] = {}
    for part in parts:
        found.setdefault(part.partition, []).append(part)
    return found


def _parted(table: Table, rows: Rows) -> Iterator[Part]:
    found: dict[Any, list[Row]] = {}
    for row in rows:
        found.setdefault(table.partition_of(row), []).append(row)
    for partition, members in found.items():
        yield Part(table, partition, members)


def _rows(table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[Row]:
    defaults, micros = _filled(table, tuple(columns))
    for values in rows:
        row = {**defaults} | dict(zip(columns, map(frozen, values), strict=True))
        for name in micros:
            row[name] = Micros(row[name])
        for name, made in table.made.items():
            row[name] = made(row)
        yield row


@cache
def _filled(table: Table, columns: tuple[str, ...]) -> tuple[Row, list[str]]:
    """What columns that are not written hold, and which of those that are hold microseconds."""
    unknown = set(columns) - set(table.types)
    assert not unknown, f"{table.name} has no {unknown}"
    defaults = {name: _default(kind) for name, kind in table.types.items() if name not in table.texts}
    return defaults, [name for name in columns if table.types[name].startswith("DateTime64")]


def _default(kind: str) -> Any:
    return _DEFAULTS.get(kind.partition("(")[0], 0)
