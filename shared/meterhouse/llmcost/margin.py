"""What customers and features brought in and what they cost the seller. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal, localcontext
from enum import StrEnum
from typing import TYPE_CHECKING

from meterhouse.kernel.rounding import EXACT, round_half_away

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from meterhouse.llmcost.cost import Cost

_NOTHING = Decimal(0)
_DECIMALS_OF_PERCENT = 2


class By(StrEnum):
    CUSTOMER = "customer"
    FEATURE = "feature"


@dataclass(frozen=True, slots=True)
class Of:
    """Whose, and of what; None: of all, or of none."""

    customer_id: str | None = None
    feature_key: str | None = None


@dataclass(frozen=True, slots=True)
class Revenue:
    """What was invoiced for usage and fees, before taxes, whether credit bore it or not, even what was given away."""

    of: Of
    currency: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Spent:
    of: Of
    cost: Cost


@dataclass(frozen=True, slots=True)
class Margin:
    """`cost` None: it is not known, or is in another currency, as `details` say, and there is no margin then."""

    of: Of
    currency: str
    revenue: Decimal
    cost: Decimal | None
    details: tuple[str, ...] = ()

    @property
    def amount(self) -> Decimal | None:
        return None if self.cost is None else EXACT.subtract(self.revenue, self.cost)

    @property
    def percentage(self) -> Decimal | None:
        """Of the revenue, to two decimals; None without revenue."""
        if self.amount is None or not self.revenue:
            return None
        with localcontext(prec=50):
            return round_half_away(100 * self.amount / self.revenue, _DECIMALS_OF_PERCENT)


def margins_of(revenues: Iterable[Revenue], spent: Iterable[Spent], by: Collection[By]) -> list[Margin]:
    """Margins in rows told apart by `by`, each currency for itself; the least first, unknown ones last.

    What brought in money and cost some in another currency, or an unknown amount, has no margin: nothing is converted.
    """
    earned: dict[tuple[Of, str], Decimal] = defaultdict(Decimal)
    costs: dict[tuple[Of, str], list[Cost]] = defaultdict(list)
    with localcontext(EXACT):
        for revenue in revenues:
            earned[_row(revenue.of, by), revenue.currency] += revenue.amount
        for one in spent:
            costs[_row(one.of, by), one.cost.currency].append(one.cost)
        spending: dict[Of, set[str]] = defaultdict(set)
        for (of, currency), told in costs.items():
            spending[of] |= {currency} if any(cost.amount != 0 for cost in told) else set()
        keys = dict.fromkeys((*earned, *costs))
        margins = [_margin(*key, earned.get(key), costs.get(key, ()), spending[key[0]]) for key in keys]
    return sorted(margins, key=_least_first)


def _row(of: Of, by: Collection[By]) -> Of:
    return Of(of.customer_id if By.CUSTOMER in by else None, of.feature_key if By.FEATURE in by else None)


def _margin(of: Of, currency: str, revenue: Decimal | None, costs: Sequence[Cost], spending: Collection[str]) -> Margin:
    """`spending`: the currencies in which it cost something, or nobody knows what."""
    others = sorted({*spending} - {currency})
    amounts = [cost.amount for cost in costs if cost.amount is not None]
    details = sorted({detail for cost in costs for detail in cost.details})
    cost = sum(amounts, _NOTHING).normalize() if len(amounts) == len(costs) else None
    if revenue is not None and others:
        details.append(f"there are costs in {' and '.join(others)}, which are not converted")
        cost = None
    return Margin(of, currency, revenue or _NOTHING, cost, tuple(details))


def _least_first(margin: Margin) -> tuple[bool, Decimal, str, str, str]:
    amount = margin.amount
    of = margin.of
    return amount is None, amount or _NOTHING, of.customer_id or "", of.feature_key or "", margin.currency
