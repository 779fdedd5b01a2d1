"""What a customer paid beside what another plan would have come to; and what that comes to over many customers."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from meterhouse.billing.invoice import Line
from meterhouse.kernel.period import Period
from meterhouse.kernel.rounding import EXACT
from meterhouse.rating.line import DetailedLine, Totals

_NONE = Decimal(0)
QUANTILES = (0, 10, 25, 50, 75, 90, 99, 100)
"""Per cent of the customers, by their difference."""


@dataclass(frozen=True, slots=True)
class ComparedLine:
    """A line with its amounts and how they came about.

    Attributes:
        invoice_id: the issued invoice it stands on; None: nobody was billed for it.
    """

    key: str
    period: Period
    quantity: Decimal | None
    totals: Totals
    detailed: tuple[DetailedLine, ...]
    trace: Mapping[str, object]
    invoice_id: str | None = None


@dataclass(frozen=True, slots=True)
class Sums:
    """What some lines, or some customers, came to and would have come to."""

    old: Decimal = _NONE
    new: Decimal = _NONE

    @property
    def difference(self) -> Decimal:
        return EXACT.subtract(self.new, self.old)

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(EXACT.add(self.old, other.old), EXACT.add(self.new, other.new))


@dataclass(frozen=True, slots=True)
class PairedLine:
    """What one item costs from one instant on, as it was and as it would be; one of the two may be missing."""

    item_key: str
    name: str
    old: ComparedLine | None = None
    new: ComparedLine | None = None

    @property
    def sums(self) -> Sums:
        return Sums(_total(self.old), _total(self.new))


@dataclass(frozen=True, slots=True)
class Summary:
    """A finished backtest in numbers.

    Attributes:
        raised, lowered, unchanged: how many customers would pay more, less, the same.
        quantiles: by per cent, the smallest difference that so many customers do not exceed; a difference that
            some customer has, so it is exact. None where nobody was compared.
    """

    failed: int
    raised: int
    lowered: int
    unchanged: int
    totals: Sums
    quantiles: Mapping[int, Decimal]

    @property
    def compared(self) -> int:
        return self.raised + self.lowered + self.unchanged


def paired(old: Iterable[Line], new: Iterable[Line], invoiced: Mapping[str, str]) -> list[PairedLine]:
    """The lines of both sides, by when their service starts and by item.

    `invoiced` has the invoices of those old lines that are on one, by the lines' ids.
    """
    before, after = _placed(old), _placed(new)
    return [
        PairedLine(
            item_key=item,
            name=(after.get(place) or before[place]).name,
            old=_compared(before.get(place), invoiced),
            new=_compared(after.get(place), {}),
        )
        for place in sorted({*before, *after})
        for _, item, _ in [place]
    ]


def sums_of(lines: Iterable[PairedLine]) -> Sums:
    return sum((line.sums for line in lines), start=Sums())


def summary_of(compared: Sequence[Sums], failed: int) -> Summary:
    """The summary over each compared customer's sums."""
    differences = sorted(one.difference for one in compared)
    return Summary(
        failed=failed,
        raised=sum(one > 0 for one in differences),
        lowered=sum(one < 0 for one in differences),
        unchanged=sum(one == 0 for one in differences),
        totals=sum(compared, start=Sums()),
        quantiles=quantiles_of(differences),
    )


def quantiles_of(ordered: Sequence[Decimal]) -> dict[int, Decimal]:
    """By nearest rank: of per cent p the smallest value that at least p per cent do not exceed."""
    if not ordered:
        return {}
    return {percent: ordered[max(-(-percent * len(ordered) // 100), 1) - 1] for percent in QUANTILES}


_Place = tuple[datetime, str, int]


def _placed(lines: Iterable[Line]) -> dict[_Place, Line]:
    """Where each line is paired; should one item have several, they are counted."""
    seen: Counter[tuple[datetime, str]] = Counter()
    placed = {}
    for line in sorted(lines, key=lambda one: one.key):
        place = line.service_period.start, line.rate_card.key
        placed[*place, seen[place]] = line
        seen[place] += 1
    return placed


def _compared(line: Line | None, invoiced: Mapping[str, str]) -> ComparedLine | None:
    if line is None:
        return None
    return ComparedLine(
        key=line.key,
        period=line.service_period,
        quantity=line.quantity,
        totals=line.totals,
        detailed=line.detailed,
        trace=line.trace or {},
        invoice_id=invoiced.get(line.id),
    )


def _total(line: ComparedLine | None) -> Decimal:
    """What it costs, whether prepaid credit bears it or not."""
    return _NONE if line is None else EXACT.add(line.totals.total, line.totals.credits_total)
