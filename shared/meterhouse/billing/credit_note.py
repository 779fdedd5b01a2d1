"""Credit notes: what is taken back of an issued invoice, line by line; the invoice itself is never rewritten."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import reduce
from typing import NamedTuple

from meterhouse.kernel.period import Period
from meterhouse.kernel.rounding import EXACT

TAXES = "taxes"
"""The key of the part of a line that is its taxes on top."""
_NONE = Decimal(0)
_SOONEST, _LATEST, _MOST_DOUBLINGS = timedelta(minutes=10), timedelta(days=1), 8


class Refund(StrEnum):
    """What becomes of money that was paid already."""

    NONE = "none"
    """It is given back outside of our books; of an invoice that is not paid less is due."""
    CREDIT = "credit"
    """The customer has it as prepaid credit, which is burnt before taxes: those that were paid stay paid for it."""
    PAYMENT = "payment"
    """It goes back the way it came."""


class NoteState(StrEnum):
    PENDING = "pending"
    """Its app is to be told, and has not said yet that it did its part; until then the note changes nothing."""
    ISSUED = "issued"
    VOIDED = "voided"
    FAILED = "failed"
    """Its app refused, or what it gave back did not arrive: the note changes nothing, and may be retried."""


class NotePart(NamedTuple):
    """What is taken back of one detailed line, by its key, or of the taxes on top."""

    key: str
    amount: Decimal


class Unused(NamedTuple):
    """Of a fee that was paid in advance the time that nobody asks for, and what it costs for a full period less."""

    period: Period
    amount: Decimal


@dataclass(frozen=True, slots=True)
class NoteLine:
    """What is taken back of one line.

    Attributes:
        parts: their sum is what is taken back.
        taxes_inclusive: the taxes that are within it.
        unused: why, where billing gave it back by itself.
        credits: what goes back to the credit that bore it, beside what is taken back in money.
    """

    line_id: str
    parts: Sequence[NotePart]
    taxes_inclusive: Decimal = _NONE
    unused: Sequence[Unused] = ()
    credits: Decimal = _NONE

    @property
    def taxes_exclusive(self) -> Decimal:
        return summed(part.amount for part in self.parts if part.key == TAXES)

    @property
    def total(self) -> Decimal:
        return summed(part.amount for part in self.parts)

    @property
    def is_some(self) -> bool:
        """Whether anything goes back, be it nothing but time that is unused."""
        return bool(self.unused or self.total or self.credits)


@dataclass(frozen=True, slots=True)
class CreditNote:
    """What is taken back of an invoice.

    Attributes:
        key: the business key; a second one of it is the first again.
        is_automatic: whether billing issued it by itself.
        was_paid: whether the invoice was paid by then; else less is due on it.
        grant_id: the credit the customer has in place of the money.
        external_id: what the app calls what it gave back.
        failure: why the app refused, or what it gave back did not arrive.
        attempt: counts how often it was brought to the app anew: once, and again after each failure.
        tellings: counts how often the app did not answer in this attempt.
        tell_at: when the app is told again; None: nobody has to tell it.
    """

    id: str
    number: str
    key: str
    invoice_id: str
    customer_id: str
    currency: str
    reason: str
    refund: Refund
    state: NoteState
    lines: tuple[NoteLine, ...]
    issued_at: datetime
    updated_at: datetime
    is_automatic: bool = False
    was_paid: bool = False
    grant_id: str | None = None
    voided_at: datetime | None = None
    external_id: str | None = None
    failure: str | None = None
    attempt: int = 1
    tellings: int = 0
    tell_at: datetime | None = None

    @property
    def total(self) -> Decimal:
        return summed(line.total for line in self.lines)

    @property
    def credits(self) -> Decimal:
        return summed(line.credits for line in self.lines)

    @property
    def taxes(self) -> Decimal:
        return summed(amount for line in self.lines for amount in (line.taxes_exclusive, line.taxes_inclusive))

    @property
    def taxes_back(self) -> Decimal:
        """What the state gives back: nothing of what becomes credit, since nobody pays taxes of what credit bears."""
        return _NONE if self.refund is Refund.CREDIT else self.taxes

    @property
    def net_back(self) -> Decimal:
        """What goes back beside taxes; of what becomes credit that is the price, with the taxes that are within it."""
        on_top = summed(line.taxes_exclusive for line in self.lines)
        return EXACT.subtract(self.total, on_top if self.refund is Refund.CREDIT else self.taxes)

    @property
    def goes_back_by_app(self) -> bool:
        """Whether money that was paid goes back the way it came."""
        return self.was_paid and self.refund is Refund.PAYMENT

    @property
    def stands(self) -> bool:
        """Whether what it takes back is taken: what is pending nobody else takes."""
        return self.state in {NoteState.ISSUED, NoteState.PENDING}


def told_again_at(tellings: int, at: datetime) -> datetime:
    """When an app that did not answer so often by `at` is told again: later each time, and daily in the end."""
    doubled: int = 2 ** min(tellings, _MOST_DOUBLINGS)
    return at + min(_SOONEST * doubled, _LATEST)


def summed(amounts: Iterable[Decimal]) -> Decimal:
    return reduce(EXACT.add, amounts, _NONE)
