"""The usage store's tables, as its migrations create them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from meterhouse.platform.migrations import migrations
from tests.simulation.columns.sql import Expression, Insert, read_expression, read_statement

_COMMENT = re.compile(r"--[^\n]*")
_TABLE = re.compile(
    r"CREATE TABLE IF NOT EXISTS (\w+) \((.*?)\)\s*ENGINE = ReplacingMergeTree\((\w+)\)"
    r"(?:\s*PARTITION BY (\S+))?(?:\s*PRIMARY KEY \([^)]*\))?\s*ORDER BY \(([^)]*)\)",
    re.DOTALL,
)
_VIEW = re.compile(r"CREATE MATERIALIZED VIEW IF NOT EXISTS \w+ TO (\w+) AS\s+SELECT(.*?)FROM\s+(\w+);", re.DOTALL)
_ADDED = re.compile(r"ALTER TABLE (\w+) ADD COLUMN (?:IF NOT EXISTS )?(.*?)(?: AFTER \w+)?;", re.DOTALL)
_COLUMN = re.compile(
    r"(?P<name>\w+)\s+(?P<type>\w+(?:\(.*?\))*)\s*(?:CODEC\(.*\))?\s*(?:DEFAULT .*)?(?:MATERIALIZED\s+(?P<made>.*))?$", re.DOTALL
)


@dataclass
class Table:
    """A ReplacingMergeTree; of equal keys the row with the largest `version` is kept."""

    name: str
    version: str
    key: tuple[str, ...]
    partition: Expression
    types: dict[str, str] = field(default_factory=dict)
    made: dict[str, Expression] = field(default_factory=dict)
    """What MATERIALIZED columns are made of."""
    views: list[Insert] = field(default_factory=list)


Changes = tuple[tuple[str, str], ...]
"""What is to stand in the migrations instead of what does: how a guard in them is taken away."""


@cache
def tables(changes: Changes = ()) -> Mapping[str, Table]:
    text = _COMMENT.sub("", "\n".join(migration.sql for migration in migrations("clickhouse")))
    for old, new in changes:
        assert old in text, f"no migration says {old!r}"
        text = text.replace(old, new)
    found: dict[str, Table] = {}
    for name, columns, version, partition, key in _TABLE.findall(text):
        found[name] = Table(name, version, tuple(re.split(r",\s*", key)), read_expression(partition or "0"))
        for column in _split(columns):
            _add_column(found[name], column)
    for name, column in _ADDED.findall(text):
        _add_column(found[name], column)
    for target, columns, source in _VIEW.findall(text):
        names = tuple(re.split(r",\s*", columns.strip()))
        found[source].views.append(_view(target, names, f"SELECT {columns} FROM {source}"))
    return found


def _view(target: str, names: tuple[str, ...], text: str) -> Insert:
    statement = read_statement(f"INSERT INTO {target} ({', '.join(names)}) {text}")
    if not isinstance(statement, Insert):
        raise NotImplementedError(text)
    return statement


def _add_column(table: Table, text: str) -> None:
    column = _COLUMN.match(text.strip())
    if column is None or column["name"] == "INDEX":
        return
    table.types[column["name"]] = column["type"]
    if column["made"]:
        table.made[column["name"]] = read_expression(column["made"])


def _split(columns: str) -> list[str]:
    """At the commas that stand in no brackets."""
    parts, depth, start = [], 0, 0
    for at, sign in enumerate(columns):
        depth += (sign == "(") - (sign == ")")
        if sign == "," and depth == 0:
            parts.append(columns[start:at])
            start = at + 1
    return [*parts, columns[start:]]
