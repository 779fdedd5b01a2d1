"""The usage store's tables, as its migrations create them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

from meterhouse.platform.migrations import migrations
from tests.simulation.columns.sql import Columns, Insert, Reader, Row, Select, read_expression

_COMMENT = re.compile(r"--[^\n]*")
_TABLE = re.compile(
    r"CREATE TABLE IF NOT EXISTS (\w+) \((.*?)\)\s*ENGINE = ReplacingMergeTree\((\w+)\)"
    r"(?:\s*PARTITION BY ([^\n]+))?(?:\s*PRIMARY KEY \([^)]*\))?\s*ORDER BY \(([^)]*)\)",
    re.DOTALL,
)
_VIEW = re.compile(r"CREATE MATERIALIZED VIEW IF NOT EXISTS \w+ TO (\w+) AS\s+SELECT(.*?)FROM\s+(\w+);", re.DOTALL)
_ADDED = re.compile(r"ALTER TABLE (\w+) ADD COLUMN (?:IF NOT EXISTS )?(.*?)(?: AFTER \w+)?;", re.DOTALL)
_COLUMN = re.compile(
    r"(?P<name>\w+)\s+(?P<type>\w+(?:\(.*?\))*)\s*(?:CODEC\(.*\))?\s*(?:DEFAULT .*)?(?:MATERIALIZED\s+(?P<made>.*))?$",
    re.DOTALL,
)


@dataclass(eq=False)
class Table:
    """A ReplacingMergeTree; of equal keys the row with the largest `version` is kept."""

    name: str
    version: str
    key: tuple[str, ...]
    partition: str
    types: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    """What MATERIALIZED columns are made of."""
    views: list[Insert] = field(default_factory=list)

    @cached_property
    def made(self) -> dict[str, Callable[[Row], Any]]:
        return {name: read_expression(text, self.types) for name, text in self.texts.items()}

    @cached_property
    def partition_of(self) -> Callable[[Row], Any]:
        return read_expression(self.partition, self.types)


Changes = tuple[tuple[str, str], ...]
"""What is to stand in the migrations instead of what does: how a guard in them is taken away."""


@cache
def statement(text: str, changes: Changes = ()) -> Select | Insert:
    """A statement on these tables, ready to run."""
    return Reader(text, {name: table.types for name, table in tables(changes).items()}).statement()


@cache
def tables(changes: Changes = ()) -> Mapping[str, Table]:
    text = _COMMENT.sub("", "\n".join(migration.sql for migration in migrations("clickhouse")))
    for old, new in changes:
        assert old in text, f"no migration says {old!r}"
        text = text.replace(old, new)
    found: dict[str, Table] = {}
    for name, columns, version, partition, key in _TABLE.findall(text):
        found[name] = Table(name, version, tuple(re.split(r",\s*", key)), partition or "0")
        for column in _split(columns):
            _add_column(found[name], column)
    for name, column in _ADDED.findall(text):
        _add_column(found[name], column)
    for target, columns, source in _VIEW.findall(text):
        names = tuple(re.split(r",\s*", columns.strip()))
        known = {name: table.types for name, table in found.items()}
        found[source].views.append(_view(target, names, f"SELECT {columns} FROM {source}", known))
    return found


def _view(target: str, names: tuple[str, ...], text: str, columns: Columns) -> Insert:
    statement = Reader(f"INSERT INTO {target} ({', '.join(names)}) {text}", columns).statement()
    if not isinstance(statement, Insert):
        raise NotImplementedError(text)
    return statement


def _add_column(table: Table, text: str) -> None:
    column = _COLUMN.match(text.strip())
    if column is None or column["name"] in {"INDEX", "CONSTRAINT"}:
        return
    table.types[column["name"]] = column["type"]
    if column["made"]:
        table.texts[column["name"]] = column["made"]


def _split(columns: str) -> list[str]:
    """At the commas that stand in no brackets."""
    parts, depth, start = [], 0, 0
    for at, sign in enumerate(columns):
        depth += (sign == "(") - (sign == ")")
        if sign == "," and depth == 0:
            parts.append(columns[start:at])
            start = at + 1
    return [*parts, columns[start:]]
