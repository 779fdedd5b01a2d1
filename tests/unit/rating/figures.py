"""What docs/rating.md shows, rated by the real function: `python -m tests.unit.rating.figures` writes it anew."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from itertools import accumulate
from pathlib import Path
from typing import TypeVar

from meterhouse.catalog.discount import Discounts
from meterhouse.catalog.price import Commitments, PackagePrice, Price, Tier, TieredPrice, TierMode, UnitPrice
from meterhouse.rating.conventions import (
    OPENMETER,
    Conventions,
    CutPeriod,
    FirstTierFlat,
    Fractions,
    RoundingPoint,
    UpTo,
)
from meterhouse.rating.rate import rate
from meterhouse.rating.statement import statement_of
from meterhouse.rating.usage import Usage
from tests.unit.rating.samples import usage_of
from tests.unit.rating.scatter import Point, Scatter, Series, table

PAGE = Path(__file__).resolve().parents[3] / "docs" / "rating.md"
FIGURES = PAGE.parent / "figures"
_BLOCK = "<!-- {name}: drawn by tests/unit/rating/figures.py -->\n"
_END = "<!-- end -->"

_Choice = TypeVar("_Choice", bound=StrEnum)
_BLUE, _RED, _GREEN, _GREY = "#2a6fdb", "#d9480f", "#2b8a3e", "#868e96"
_ONE, _TEN = Decimal(1), Decimal(10)
_TIERS = (Tier(_TEN, Decimal(20), _ONE), Tier(None, Decimal(5), Decimal("0.5")))
_GRADUATED, _VOLUME = (TieredPrice(mode, _TIERS) for mode in TierMode)


def decimals(start: str, end: str, step: str) -> tuple[Decimal, ...]:
    first, last, by = map(Decimal, (start, end, step))
    return tuple(first + by * index for index in range(int((last - first) / by) + 1))


def total(usage: Usage, conventions: Conventions = OPENMETER) -> Decimal:
    return rate(replace(usage, conventions=conventions)).totals.total


def amounts(price: Price, quantities: Sequence[Decimal], conventions: Conventions = OPENMETER) -> tuple[Point, ...]:
    """What quantities of a full period come to."""
    return tuple((quantity, total(usage_of(price, quantity), conventions)) for quantity in quantities)


def by_convention(choices: Iterable[_Choice], points: Callable[[_Choice], tuple[Point, ...]]) -> tuple[Series, ...]:
    """What a setting's choices come to, each named as it is set; the default is the first."""
    default, *others = choices
    rings = [
        Series(choice, colour, points(choice), is_ring=True)
        for choice, colour in zip(others, (_RED, _GREEN)[: len(others)], strict=True)
    ]
    return (Series(f"{default} (default)", _BLUE, points(default)), *rings)


def prices() -> Scatter:
    quantities = decimals("0", "20", "0.5")
    tiers = (Tier(_TEN, None, _ONE), Tier(None, None, Decimal("0.5")))
    return Scatter(
        "What a quantity comes to, by price",
        "units used",
        "USD",
        decimals("0", "20", "5"),
        decimals("0", "20", "5"),
        (
            Series("unit: 1", _GREY, amounts(UnitPrice(_ONE), quantities)),
            Series("graduated: 1, above 10 0.5", _BLUE, amounts(TieredPrice(TierMode.GRADUATED, tiers), quantities)),
            Series("volume, same tiers", _RED, amounts(TieredPrice(TierMode.VOLUME, tiers), quantities)),
            Series("5 for each 5", _GREEN, amounts(PackagePrice(Decimal(5), Decimal(5)), quantities), is_ring=True),
        ),
    )


def first_tier() -> Scatter:
    quantities = decimals("0", "4", "0.25")
    return Scatter(
        "A first tier of 20 and 1 a unit, with little usage",
        "units used",
        "USD",
        decimals("0", "4", "1"),
        decimals("0", "25", "5"),
        by_convention(FirstTierFlat, lambda one: amounts(_GRADUATED, quantities, Conventions(first_tier_flat=one))),
    )


def bounds() -> Scatter:
    quantities = decimals("8", "12", "0.25")
    return Scatter(
        "Volume tiers: up to 10 units 20 + 1 each, above 5 + 0.5 each",
        "units used",
        "USD",
        decimals("8", "12", "1"),
        decimals("0", "30", "10"),
        by_convention(UpTo, lambda one: amounts(_VOLUME, quantities, Conventions(up_to=one))),
    )


def fractions() -> Scatter:
    quantities, price = decimals("0", "3", "0.125"), UnitPrice(_TEN)
    return Scatter(
        "10 a unit, for parts of units",
        "units used",
        "USD",
        decimals("0", "3", "0.5"),
        decimals("0", "30", "10"),
        by_convention(Fractions, lambda one: amounts(price, quantities, Conventions(fractions=one))),
    )


def rounding() -> Scatter:
    def charged_too_much(point: RoundingPoint) -> tuple[Point, ...]:
        """What lines of one unit each have charged so far, less what the units cost, in cents."""
        lines = [
            total(usage_of(price, 1, before, is_first=not before), Conventions(rounding_point=point))
            for before in range(12)
        ]
        return tuple(
            (Decimal(count), ((sum_ - count * price.amount) * 100).normalize() + 0)
            for count, sum_ in enumerate(accumulate(lines), start=1)
        )

    price = UnitPrice(Decimal("0.333"))
    return Scatter(
        "A period at 0.333 a unit, split into lines of one unit",
        "lines so far",
        "cents charged too much",
        decimals("0", "12", "2"),
        decimals("-4", "2", "1"),
        by_convention((RoundingPoint.DETAILED_LINE, RoundingPoint.CUMULATIVE), charged_too_much),
    )


def cut_period() -> Scatter:
    shares = decimals("0", "1", "0.05")
    price = UnitPrice(_ONE, Commitments(minimum=Decimal(100)))

    def due(convention: CutPeriod) -> tuple[Point, ...]:
        usage, how = usage_of(price), Conventions(commitments_of_a_cut_period=convention)
        return tuple((share, total(replace(usage, share=Fraction(share)), how)) for share in shares)

    return Scatter(
        "A minimum of 100, without usage",
        "share of the full period that is served",
        "USD",
        decimals("0", "1", "0.25"),
        decimals("0", "100", "25"),
        by_convention(CutPeriod, due),
    )


DRAWN: dict[str, tuple[Callable[[], Scatter], tuple[Decimal, ...]]] = {
    "prices": (prices, decimals("0", "20", "5")),
    "first-tier-flat": (first_tier, (Decimal(0), Decimal("0.25"), Decimal(1))),
    "up-to": (bounds, (Decimal("9.75"), Decimal(10), Decimal("10.25"))),
    "fractions": (fractions, (Decimal("0.5"), _ONE, Decimal("2.5"))),
    "rounding-point": (rounding, (_ONE, Decimal(2), Decimal(3), Decimal(12))),
    "cut-period": (cut_period, (Decimal("0.25"), Decimal("0.5"), _ONE)),
}
"""Figures by name, and where their tables look at them."""


def shared_rounding() -> str:
    """A line of two tiers that come to half a cent each, by where it is rounded."""
    tiers = (Tier(_ONE, None, Decimal("0.005")), Tier(None, None, Decimal("0.005")))
    rows = []
    for point in RoundingPoint:
        usage = replace(
            usage_of(TieredPrice(TierMode.GRADUATED, tiers), 2), conventions=Conventions(rounding_point=point)
        )
        first, second = (line.amount for line in rate(usage).detailed_lines)
        rows.append(f"| {point} | {first} | {second} | {first + second} |")
    return "\n".join(["| rounding point | tier 1 | tier 2 | line |", "|---|---:|---:|---:|", *rows])


def statement() -> str:
    """The trace of a line to which everything happens."""
    price = TieredPrice(
        TierMode.GRADUATED, (Tier(Decimal(1000), _TEN, Decimal("0.05")), Tier(None, None, Decimal("0.0333")))
    )
    usage = replace(
        usage_of(replace(price, commitments=Commitments(Decimal(50), Decimal(60))), "1500.5"),
        discounts=Discounts(_TEN, Decimal(100)),
        price_version="01JD.../pro/departures/v[2]",
    )
    return "\n".join(["```text", *statement_of(rate(usage).trace.document()), "```"])


def blocks() -> dict[str, str]:
    """The parts of the page that are drawn, by name."""
    found = {"statement": statement(), "shared-rounding": shared_rounding()}
    for name, (draw, shown) in DRAWN.items():
        figure = draw()
        image = f"![{figure.title}](figures/rating-{name}.svg)"
        found[name] = f"{image}\n\n{table(figure.x_label, figure.series, shown)}"
    return found


def images() -> dict[str, str]:
    return {f"rating-{name}.svg": draw().svg() for name, (draw, _) in DRAWN.items()}


def written(page: str) -> str:
    """The page with its blocks drawn anew; `KeyError` for a block that nobody draws."""
    drawn = blocks()

    def block(match: re.Match[str]) -> str:
        return f"{_BLOCK.format(name=match[1])}\n{drawn[match[1]]}\n\n{_END}"

    return re.sub(_BLOCK.format(name="([a-z-]+)") + ".*?" + _END, block, page, flags=re.DOTALL)


def blocks_in(page: str) -> list[str]:
    return re.findall(_BLOCK.format(name="([a-z-]+)"), page)


if __name__ == "__main__":
    FIGURES.mkdir(exist_ok=True)
    for file, svg in images().items():
        (FIGURES / file).write_text(svg, encoding="utf-8")
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
