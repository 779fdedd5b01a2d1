"""Usage as it is drawn: a line a window, or a line a group."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from meterhouse.cli.chart import Ink, bars, plain, sparkline

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_BARS = 50
_NARROWEST_LINE = 10
Group = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Usage:
    """One number of a usage query; instants as the endpoint writes them."""

    start: str
    end: str
    group: Group
    value: Decimal

    @property
    def label(self) -> str:
        return " ".join(self.group) or "all"


def read_usage(answer: Any, group_by: Sequence[str]) -> list[Usage]:  # noqa: ANN401 - JSON
    """The rows of an answer, exact where it offers exact values; `KeyError`, `TypeError`, `ArithmeticError` if none."""
    return [
        Usage(row["windowStart"], row["windowEnd"], _group(row, group_by), Decimal(row.get("exactValue", row["value"])))
        for row in answer["data"]
    ]


def usage_table(usage: Sequence[Usage], group_by: Sequence[str]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Columns and rows."""
    rows = [(one.start, one.end, *one.group, plain(one.value)) for one in usage]
    return ("from", "to", *group_by, "value"), rows


def usage_chart(usage: Sequence[Usage], width: int, ink: Ink, *, is_windowed: bool) -> list[str]:
    """Bars over few windows of one group, or over the groups of one window; else a sparkline a group."""
    groups = list(dict.fromkeys(one.group for one in usage))
    if not is_windowed and len(usage) == len(groups):
        return bars([(one.label, one.value) for one in usage], width, ink)
    if len(groups) == 1 and len(usage) <= MOST_BARS:
        return bars([(one.start, one.value) for one in usage], width, ink)
    return _lines(usage, groups, width, ink)


def _lines(usage: Sequence[Usage], groups: Sequence[Group], width: int, ink: Ink) -> list[str]:
    """A window without usage is a gap."""
    windows = sorted({one.start for one in usage})
    by_place = {(one.group, one.start): one for one in usage}
    heads = [" ".join(group)[:24] or "all" for group in groups]
    tails = []
    for group in groups:
        values = [one.value for one in usage if one.group == group]
        tails.append(f"{plain(min(values))} … {plain(max(values))}")
    head, tail = max(map(len, heads)), max(map(len, tails))
    room = max(_NARROWEST_LINE, width - head - tail - 4)
    lines = []
    for name, group, range_ in zip(heads, groups, tails, strict=True):
        places = [by_place.get((group, window)) for window in windows]
        line = sparkline([None if one is None else one.value for one in places], room, ink)
        lines.append(f"{name:<{head}}  {line}  {range_}")
    return [*lines, f"{windows[0]} to {max(one.end for one in usage)}"]


def _group(row: dict[str, Any], group_by: Sequence[str]) -> Group:
    known = {"subject": row.get("subject"), "customer_id": row.get("customerId"), **row.get("groupBy", {})}
    return tuple("" if known.get(name) is None else str(known[name]) for name in group_by)
