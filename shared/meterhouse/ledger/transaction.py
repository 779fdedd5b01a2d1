"""Transactions: entries that sum to zero in each currency, written once and never changed."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from meterhouse.kernel.ids import derived_ulid
from meterhouse.kernel.rounding import EXACT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from meterhouse.ledger.account import Account, Route

NOTHING = Decimal(0)
_NO_LABELS: Mapping[str, str] = {}


class Kind(StrEnum):
    """What happened. The first four move credit; a correction is of the kind of what it corrects."""

    FUNDED = "funded"
    CONSUMED = "consumed"
    EXPIRED = "expired"
    VOIDED = "voided"
    CONVERTED = "converted"
    AUTHORIZED = "authorized"
    SETTLED = "settled"
    RECOGNISED = "recognised"
    INVOICED = "invoiced"
    RELEASED = "released"
    WRITTEN_OFF = "written_off"
    RECOVERED = "recovered"
    TAKEN_BACK = "taken_back"


class Words(NamedTuple):
    """What is told of a transaction: the name is what customers read, the rest what whoever caused it noted."""

    name: str | None = None
    description: str | None = None
    labels: Mapping[str, str] = _NO_LABELS


UNSAID = Words()


class Entry(NamedTuple):
    """An amount on a sub-account; `grant_id` says of which grant the credit is, or was."""

    account: Account
    route: Route
    amount: Decimal
    grant_id: str | None = None


@dataclass(frozen=True)  # no slots: copies are made of its dict
class Transaction:
    """What happened, in entries. `ValueError` where they do not sum to zero in each currency, or one is of nothing.

    Attributes:
        key: the business key; a second transaction of it is the first one again.
        booked_at: when it happened, as business sees it; a balance as of an instant counts what was booked until then.
        recorded_at: when it was written down.
        charge: the key of what was charged for, where credit was burnt for it.
        words: what is told of it.
        invoice: the id of the invoice whose step it is.
    """

    key: str
    kind: Kind
    customer_id: str
    booked_at: datetime
    recorded_at: datetime
    entries: tuple[Entry, ...]
    charge: str | None = None
    words: Words = UNSAID
    invoice: str | None = None

    def __post_init__(self) -> None:
        if not self.entries or not all(entry.amount for entry in self.entries):
            raise ValueError(f"{self.key} holds an entry of nothing, or none")
        totals = sums(self.entries)
        if any(totals.values()):
            unbalanced = {currency: total for currency, total in totals.items() if total}
            raise ValueError(f"{self.key} does not balance: {unbalanced}")

    @property
    def id(self) -> str:
        """Derived from the business key, beside what else is booked of the customer at that instant."""
        return derived_ulid(self.booked_at, "ledger_transaction", self.key, beside=self.customer_id)


def sums(entries: Iterable[Entry]) -> Mapping[str, Decimal]:
    """The sum of the entries in each currency."""
    found: dict[str, Decimal] = {}
    for entry in entries:
        currency = entry.route.currency
        found[currency] = EXACT.add(found[currency], entry.amount) if currency in found else entry.amount
    return found
