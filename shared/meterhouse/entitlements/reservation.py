"""Reservations: units kept back for work that is under way, until it is settled or released or takes too long. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from meterhouse.kernel.errors import Conflict, Problems
from meterhouse.kernel.rounding import fits
from meterhouse.metering.aggregation import DECIMALS, Aggregation

USUAL_TERM = timedelta(minutes=15)
LONGEST_TERM = timedelta(hours=24)
LARGEST_AMOUNT = Decimal(10) ** 20
"""Amounts are below it, as values of meters are."""
MOST_EVENTS = 1_000
"""Of a meter that counts events a unit is an event."""


class ReservationState(StrEnum):
    OPEN = "open"
    SETTLED = "settled"
    RELEASED = "released"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Settlement:
    """What the work came to; it may be more than was held.

    Attributes:
        at: when the usage counts as occurred.
        subject: whose usage it is.
        data: of the usage event, a JSON object.
    """

    amount: Decimal
    at: datetime
    subject: str
    data: str


@dataclass(frozen=True, slots=True)
class Reservation:
    """A hold on a metered entitlement; which state it is in follows from its instants.

    Attributes:
        amount: units held, more than 0.
        subject: of the customer, for the usage event.
        counted_at: when the usage store was first seen to count the settled usage.
    """

    id: str
    entitlement_id: str
    customer_id: str
    amount: Decimal
    created_at: datetime
    expires_at: datetime
    subject: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    settlement: Settlement | None = None
    released_at: datetime | None = None
    counted_at: datetime | None = None

    def state(self, at: datetime) -> ReservationState:
        if self.settlement is not None:
            return ReservationState.SETTLED
        if self.released_at is not None:
            return ReservationState.RELEASED
        return ReservationState.OPEN if at < self.expires_at else ReservationState.EXPIRED

    def settled(self, settlement: Settlement) -> "Reservation":
        """The same, settled; one past its time, too: what was used is usage. Nothing used needs no counting.

        Raises:
            Conflict: `reservation_settled`: at another amount or with other data; `reservation_released`.
        """
        if self.released_at is not None:
            raise Conflict(f"reservation {self.id} was released", "reservation_released")
        if self.settlement is None:
            return replace(self, settlement=settlement, counted_at=None if settlement.amount else settlement.at)
        if not _is_same(self.settlement, settlement):
            raise Conflict(f"reservation {self.id} was settled at {self.settlement.amount:f}", "reservation_settled")
        return self

    def released(self, at: datetime) -> "Reservation":
        """The same, released; nothing was used.

        Raises:
            Conflict: `reservation_settled`.
        """
        if self.settlement is not None:
            raise Conflict(f"reservation {self.id} was settled at {self.settlement.amount:f}", "reservation_settled")
        return self if self.released_at is not None else replace(self, released_at=at)


def _is_same(one: Settlement, other: Settlement) -> bool:
    return one.amount == other.amount and _read(one.data) == _read(other.data)


def _read(data: str) -> object:
    return json.loads(data, parse_float=Decimal, parse_int=Decimal)


def event_ids(reservation_id: str, aggregation: Aggregation, amount: Decimal) -> list[str]:
    """The ids of the usage events that a settled amount comes to, the same at any time."""
    count = event_count(aggregation, amount)
    return [reservation_id if number == 1 else f"{reservation_id}/{number}" for number in range(1, count + 1)]


def event_count(aggregation: Aggregation, amount: Decimal) -> int:
    """How many usage events a settled amount comes to."""
    return int(amount) if aggregation is Aggregation.COUNT else int(amount > 0)


def check_amount(aggregation: Aggregation, amount: Decimal, problems: Problems) -> None:
    """Add a problem when the usage store could not hold the amount, digit by digit, as usage of such a meter."""
    if aggregation is Aggregation.COUNT:
        if amount > MOST_EVENTS or not fits(amount, 0):
            message = f"the meter counts events: a whole number, at most {MOST_EVENTS}"
            problems.add("/amount", "amount_not_countable", message)
    elif amount >= LARGEST_AMOUNT or not fits(amount, DECIMALS):
        problems.add("/amount", "amount_out_of_range", f"below {LARGEST_AMOUNT:f}, with at most {DECIMALS} decimals")


def check_term(expires_at: datetime, at: datetime, problems: Problems) -> None:
    """Add a problem when a hold made at `at` cannot last until `expires_at`."""
    if not at < expires_at <= at + LONGEST_TERM:
        hours = LONGEST_TERM // timedelta(hours=1)
        problems.add("/expiresAt", "expiry_out_of_range", f"later than now, at most {hours} hours")
