"""The usage store's client as processes hold one: our own SQL runs on parts in memory, faults strike at any call."""

import re
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from tests.simulation.columns.parts import Part, Parts
from tests.simulation.columns.schema import statement
from tests.simulation.columns.sql import Insert
from tests.simulation.columns.values import Micros

_LISTED = re.compile(r"IN \(((?:toDateTime\(\d+\)|\d{4,})(?:, (?:toDateTime\(\d+\)|\d{4,}))*)\)|\b(\d{4,})\b")
_PACKED = re.compile(
    r"SELECT reinterpretAsUInt64\(substring\(unhex\('(\w+)'\), 1 \+ 8 \* number, 8\)\) FROM numbers\(\d+\)"
)
_NUMBER = re.compile(r"\d+")
_OPTIMIZE = re.compile(r"OPTIMIZE TABLE (\w+) FINAL")


class Faults(Protocol):
    def before(self, call: str) -> None:
        """The call has not reached its target yet. Raises what the caller would meet."""

    def landing(self, call: str, parts: Sequence[Part]) -> Sequence[Part]:
        """Which of the parts of a writing land now; the caller learns by `after` whether all is well."""

    def after(self, call: str, *, is_whole: bool) -> None:
        """The target has done its work, wholly or in part; the answer is under way."""


class NoFaults:
    def before(self, call: str) -> None: ...

    def landing(self, call: str, parts: Sequence[Part]) -> Sequence[Part]:  # noqa: ARG002 - the port's form
        return parts

    def after(self, call: str, *, is_whole: bool) -> None: ...


@dataclass
class SimulatedClickHouse:
    """`platform.clickhouse.ClickHouse` on `Parts`; `now` is the server's clock, microseconds since 1970."""

    parts: Parts
    now: Callable[[], int]
    faults: Faults = field(default_factory=NoFaults)

    def query(
        self, sql: str, parameters: Mapping[str, Any] | None = None, _settings: Mapping[str, Any] | None = None
    ) -> list[tuple[Any, ...]]:
        select, known = self._read(sql, parameters)
        assert not isinstance(select, Insert)
        call = f"read {_about(sql)}"
        self.faults.before(call)
        rows: list[tuple[Any, ...]] = select.run(self.parts, known)
        self.faults.after(call, is_whole=True)
        return rows

    def command(self, sql: str, parameters: Mapping[str, Any] | None = None) -> None:
        if optimized := _OPTIMIZE.match(sql):
            self.parts.optimize(optimized[1])
            return
        insert, known = self._read(sql, parameters)
        assert isinstance(insert, Insert)
        call = f"write {insert.table}"
        self.faults.before(call)
        self._land(call, self.parts.block(insert.table, insert.columns, insert.select.run(self.parts, known)))

    def insert(
        self,
        table: str,
        columns: Sequence[str],
        data: Sequence[Sequence[Any]],
        _settings: Mapping[str, Any] | None = None,
    ) -> None:
        if not data or not data[0]:
            return
        call = f"write {table}"
        self.faults.before(call)
        self._land(call, self.parts.block(table, columns, zip(*data, strict=True)))

    def _land(self, call: str, parts: Sequence[Part]) -> None:
        landing = self.faults.landing(call, parts)
        for part in landing:
            self.parts.land(part)
        self.faults.after(call, is_whole=len(landing) == len(parts))

    def _read(self, sql: str, parameters: Mapping[str, Any] | None) -> tuple[Any, Mapping[str, Any]]:
        """The statement with its numbers taken out, so that one reading of its text serves for all of them."""
        known: dict[str, Any] = {**(parameters or {}), "now64": Micros(self.now())}

        def taken(found: re.Match[str]) -> str:
            name = f"_{len(known)}"
            known[name] = [int(one) for one in _NUMBER.findall(found[1])] if found[1] else int(found[2])
            return f"IN %({name})s" if found[1] else f"%({name})s"

        def unpacked(found: re.Match[str]) -> str:
            name = f"_{len(known)}"
            known[name] = [number for (number,) in struct.iter_unpack("<Q", bytes.fromhex(found[1]))]
            return f"%({name})s"

        text = _PACKED.sub(unpacked, sql) if "unhex" in sql else sql
        return statement(_LISTED.sub(taken, text), self.parts.changes), known


def _about(sql: str) -> str:
    """The tables that a query reads."""
    return ", ".join(sorted(set(re.findall(r"FROM (\w+)", sql)))) or "the clock"
