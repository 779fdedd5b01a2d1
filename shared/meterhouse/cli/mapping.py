"""From a row of a table to a usage event."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from meterhouse.cli.errors import Misused
from meterhouse.cli.pairs import read_mapping
from meterhouse.cli.record import RowFault
from meterhouse.cli.template import Template, parse_template
from meterhouse.client.json_text import read_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

ATTRIBUTES = ("id", "source", "type", "subject", "time", "dataschema")
_FORM = "NAME=TEMPLATE"
_REQUIRED = ("type", "subject")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
_BOOLEANS = {"true": True, "false": False}


class Kind(StrEnum):
    """What a member of `data` becomes in JSON."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class DataField:
    name: str
    template: Template
    kind: Kind

    def value(self, row: Mapping[str, str], missing: frozenset[str]) -> object:
        """Null where the template is one column and its cell is missing."""
        text = self.template.render(row)
        if self.template.lone_column and text in missing:
            return None
        try:
            return _read(text, self.kind)
        except (ValueError, ArithmeticError):
            raise RowFault(f"/data/{self.name}", f"{text!r} is no {self.kind}") from None


@dataclass(frozen=True, slots=True)
class RowMapping:
    """Templates of an event's attributes and of its data; texts that stand for a missing cell."""

    attributes: Mapping[str, Template]
    data: tuple[DataField, ...]
    missing: frozenset[str]

    def check(self, header: Sequence[str]) -> None:
        """Refuse columns that the table does not have.

        Raises:
            Misused: naming them, and those there are.
        """
        templates = (*self.attributes.values(), *(field.template for field in self.data))
        unknown = sorted(frozenset().union(*(template.columns for template in templates)) - set(header))
        if unknown:
            raise Misused(f"no column {', '.join(unknown)}; the columns are {', '.join(header)}")

    def event(self, row: Mapping[str, str]) -> dict[str, Any]:
        """The event of a row, without the attributes that no template fills.

        Raises:
            RowFault: a cell of an attribute is missing, or a value is not of its kind.
        """
        event: dict[str, Any] = {"specversion": "1.0"}
        for name, template in self.attributes.items():
            text = template.render(row)
            if not text or template.lacks(row, self.missing):
                raise RowFault(f"/{name}", "the cell is missing")
            event[name] = text
        if self.data:
            event["data"] = {field.name: field.value(row, self.missing) for field in self.data}
        return event


def parse_mapping(attributes: Iterable[str], data: Iterable[str], missing: Iterable[str]) -> RowMapping:
    """Read `--map NAME=TEMPLATE`, `--data NAME=TEMPLATE[:KIND]` and `--missing TEXT`.

    Raises:
        Misused: naming what is not understood.
    """
    mapped = read_mapping("--map", attributes, _FORM)
    if unknown := sorted(mapped.keys() - set(ATTRIBUTES)):
        raise Misused(f"--map {unknown[0]}: the attributes are {', '.join(ATTRIBUTES)}; the rest goes by --data")
    if absent := [name for name in _REQUIRED if name not in mapped]:
        raise Misused(f"a CSV needs {' and '.join(f'--map {name}=…' for name in absent)}")
    return RowMapping(
        {name: parse_template(text) for name, text in mapped.items()},
        tuple(_data_field(name, text) for name, text in read_mapping("--data", data, _FORM).items()),
        frozenset({"", *missing}),
    )


def _data_field(name: str, text: str) -> DataField:
    template, colon, kind = text.rpartition(":")
    if colon and kind in set(Kind):
        return DataField(name, parse_template(template), Kind(kind))
    if colon and kind.isalpha() and parse_template(template).lone_column:
        raise Misused(f"--data {name}: {kind!r} is no kind ({', '.join(Kind)}); as text it is written {text}:text")
    return DataField(name, parse_template(text), Kind.TEXT)


def _read(text: str, kind: Kind) -> object:
    match kind:
        case Kind.TEXT:
            return text
        case Kind.NUMBER if _NUMBER.fullmatch(text.strip()):
            return Decimal(text.strip())
        case Kind.BOOLEAN if text.strip().lower() in _BOOLEANS:
            return _BOOLEANS[text.strip().lower()]
        case Kind.JSON:
            return read_json(text)
    raise ValueError(text)
