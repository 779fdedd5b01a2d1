"""A backtest as it is drawn: a table of customers, quantiles, a histogram of what they would pay more."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING, Any

from meterhouse.cli.chart import Ink, bars, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

COLUMNS = ("customer", "periods", "old", "new", "difference", "reason")
NUMBERS = COLUMNS[1:5]
MOST_BINS = 10
_STEPS = (1, 2, 5, 10)


@dataclass(frozen=True, slots=True)
class BacktestView:
    """What an endpoint tells of a finished backtest; numbers as it writes them."""

    currency: str
    totals: tuple[str, str, str]
    quantiles: list[tuple[str, str]]
    rows: list[tuple[str, ...]]
    differences: list[Decimal]

    @property
    def table(self) -> list[tuple[str, ...]]:
        """A row a customer, those who would pay most more first, and the totals."""
        return [*self.rows, ("total", "", *self.totals, "")]

    def histogram(self, width: int, ink: Ink) -> list[str]:
        return bars([(label, Decimal(count)) for label, count in binned(self.differences)], width, ink)


def read_backtest(found: dict[str, Any], customers: Sequence[dict[str, Any]]) -> BacktestView:
    """The view of an endpoint's answers; `KeyError`, `TypeError`, `ArithmeticError` where they are none."""
    totals = found["totals"]
    compared = [Decimal(one["difference"]) for one in customers if one["state"] == "compared"]
    return BacktestView(
        currency=str(found["currency"]),
        totals=(totals["old"], totals["new"], totals["difference"]),
        quantiles=[(f"{one['percent']} %", one["difference"]) for one in found["quantiles"]],
        rows=[_row(one) for one in customers],
        differences=compared,
    )


def binned(values: Sequence[Decimal]) -> list[tuple[str, int]]:
    """How many values lie in each of at most so many equal spans, named by their edges; empty ones too."""
    if not values:
        return []
    least, most = min(values), max(values)
    if least == most:
        return [(plain(least), len(values))]
    width = _width(most - least)
    first, last = _index(least, width), _index(most, width)
    counts = dict.fromkeys(range(first, last + 1), 0)
    for value in values:
        counts[_index(value, width)] += 1
    return [(f"{plain(index * width)} … {plain((index + 1) * width)}", count) for index, count in counts.items()]


def _width(span: Decimal) -> Decimal:
    """The least of 1, 2, 5 times a power of ten that divides the span into few enough parts."""
    power = Decimal(1).scaleb(span.adjusted() - 1)
    return next(
        step * power * scale for scale in (1, 10) for step in _STEPS if span / (step * power * scale) <= MOST_BINS - 1
    )


def _index(value: Decimal, width: Decimal) -> int:
    return int((value / width).to_integral_value(ROUND_FLOOR))


def _row(customer: dict[str, Any]) -> tuple[str, ...]:
    name = customer.get("customerKey") or customer["customerId"]
    reason = customer.get("reason", {}).get("message", "")
    amounts = (customer.get(column, "") for column in ("old", "new", "difference"))
    return (name, str(customer["periods"]), *amounts, reason)
