"""Charges: what is burnt from credit, and corrected where it was too much."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from meterhouse.kernel.rounding import EXACT
from meterhouse.ledger.transaction import NOTHING, Words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from decimal import Decimal


class Mode(StrEnum):
    """What becomes of what credit does not bear: it is invoiced, or burnt in advance of credit to come."""

    CREDIT_THEN_INVOICE = "credit_then_invoice"
    CREDIT_ONLY = "credit_only"


@dataclass(frozen=True, slots=True)
class Charge:
    """An amount to burn. `ValueError` where it is not more than 0.

    Attributes:
        key: the business key, of whoever charges: an invoice line's id, say. Charged once, whatever happens.
        at: when what it charges for was used: what could be burnt then bears it, expired meanwhile or not.
        feature: None: credit for certain features alone is left alone.
    """

    key: str
    currency: str
    amount: Decimal
    at: datetime
    mode: Mode
    feature: str | None = None
    name: str | None = None

    @property
    def words(self) -> Words:
        """What is told of its transactions."""
        return Words(self.name)

    def __post_init__(self) -> None:
        if self.amount <= NOTHING:
            raise ValueError("a charge is more than 0")


@dataclass(frozen=True, slots=True)
class Allocation:
    """What a grant bears of a charge; without a grant it was burnt in advance."""

    grant_id: str | None
    amount: Decimal
    booked_at: datetime


class Correction(NamedTuple):
    """So much of what a charge burnt is given back; `realised` is what bears it now, in the order it came to."""

    charge: Charge
    realised: Sequence[Allocation]
    amount: Decimal


def corrections(allocated: Sequence[Decimal], amount: Decimal) -> Iterator[tuple[int, Decimal]]:
    """Take the last allocation back first: index and (negative) amount of each that changes.

    Of one that is below 0 nothing can be taken.

    Raises:
        ValueError: `amount` is positive, or more than what was allocated.
    """
    if amount > NOTHING:
        raise ValueError("amount must not be positive")
    left = EXACT.minus(amount)
    for index in range(len(allocated) - 1, -1, -1):
        part = min(left, allocated[index])
        if part > NOTHING:
            yield index, EXACT.minus(part)
            left = EXACT.subtract(left, part)
    if left:
        raise ValueError("more is to be corrected than was allocated")


def uncoverings(realised: Sequence[Allocation]) -> Iterator[tuple[int, Decimal]]:
    """What grants cover of a charge beyond what it burnt in advance: as `corrections` of what bears it."""
    by_grants = [NOTHING if one.grant_id is None else one.amount for one in realised]
    in_advance, covered = NOTHING, NOTHING
    for one, amount in zip(realised, by_grants, strict=True):
        covered = EXACT.add(covered, amount)
        in_advance = EXACT.add(in_advance, EXACT.subtract(one.amount, amount))
    if in_advance < NOTHING:
        yield from corrections(by_grants, max(in_advance, EXACT.minus(covered)))
