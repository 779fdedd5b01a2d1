"""When credit is topped up by itself, and how often at most. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from meterhouse.kernel.cadence import index_at, occurrence
from meterhouse.kernel.errors import Problem
from meterhouse.kernel.rounding import EXACT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from decimal import Decimal

    from meterhouse.kernel.cadence import Cadence
    from meterhouse.ledger.grant_rules import CreditGrantSpec


_LARGEST = 10**20


@dataclass(frozen=True, slots=True)
class Limits:
    """At most so often, and so much, in each period; None: no such limit.

    Periods are counted from when a top-up of the currency was first set, whatever was taken away since.
    """

    period: Cadence
    times: int | None = None
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class TopUp:
    """Below `threshold` the customer is granted `spec`; one for each of the customer's currencies."""

    customer_id: str
    spec: CreditGrantSpec
    threshold: Decimal
    limits: Limits
    created_at: datetime
    updated_at: datetime

    @property
    def currency(self) -> str:
        return self.spec.currency


@dataclass(frozen=True, slots=True)
class Made:
    """A top-up that was made; `is_waiting`: its invoice may still be paid."""

    number: int
    grant_id: str
    amount: Decimal
    at: datetime
    is_waiting: bool


def limit_problems(threshold: Decimal, limits: Limits, amount: Decimal) -> Iterator[Problem]:
    """What is wrong with a threshold and limits for top-ups by `amount`."""
    if threshold < 0 or threshold >= _LARGEST:
        yield Problem("/threshold", "out_of_range", "a threshold is 0 or more, with at most 20 digits before the point")
    if limits.times is None and limits.amount is None:
        yield Problem("/limits", "missing", "a limit of times or of an amount is required: nobody pays without end")
    if limits.amount is not None and limits.amount < amount:
        yield Problem("/limits/amount", "less_than_a_top_up", "not even one top-up is within the limit")


def is_due(top_up: TopUp, balance: Decimal, made: Iterable[Made], at: datetime) -> bool:
    """Whether to top up now: the balance and what is still to be paid are below the threshold, and no limit is met."""
    limits, coming, times, amount = top_up.limits, balance, 0, top_up.spec.amount
    index = index_at(top_up.created_at, limits.period, at)
    since = occurrence(top_up.created_at, limits.period, index)
    for one in made:
        if one.is_waiting:
            coming = EXACT.add(coming, one.amount)
        if one.at >= since:
            times, amount = times + 1, EXACT.add(amount, one.amount)
    within = (limits.times is None or times < limits.times) and (limits.amount is None or amount <= limits.amount)
    return within and coming < top_up.threshold
