"""What is known of an entitlement before its usage is asked for: all that a balance follows from but usage."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from meterhouse.customers.model import Customer
from meterhouse.entitlements.balance import Balance
from meterhouse.entitlements.entitlement import Entitlement
from meterhouse.entitlements.grant import Grant
from meterhouse.metering.filter import Filter
from meterhouse.metering.model import Meter

RESERVATION_SOURCE = "meterhouse/reservations"
"""The source of usage events that settle a reservation; their ids follow from the reservation's."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Units kept back in `[created_at, expires_at)` for work that is under way."""

    id: str
    amount: Decimal
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Settled:
    """Usage of a hold that was settled at `at`, and whose events are not known to be counted yet."""

    id: str
    amount: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class Metered:
    """What the balance of a metered entitlement follows from, but usage.

    Attributes:
        meter: whose usage counts, where all of `filters` hold.
        subjects: of the customer, its key first; usage of theirs counts.
        grants: all there ever were, voided and expired ones too.
        basis: a digest of all that a snapshot stands on and the entitlement does not count as its changes.
        seen: the latest mark of late usage.
        read_at: when all this was read, by the database's clock.
        is_complete: the meter has read all events that were stored before it.
        holds: those that are neither settled nor released nor, at the instant that was asked for, past their time.
        settled: holds whose events are on their way.
        snapshot: the latest balance kept that is still true and not later than the instant that was asked for.
    """

    meter: Meter
    filters: Mapping[str, Filter]
    subjects: tuple[str, ...]
    grants: Sequence[Grant]
    basis: str
    seen: int
    read_at: datetime
    is_complete: bool = True
    holds: Sequence[Hold] = ()
    settled: Sequence[Settled] = ()
    snapshot: Balance | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """An entitlement as it stands; `metered` is None for the other types."""

    entitlement: Entitlement
    metered: Metered | None = None


@dataclass(frozen=True, slots=True)
class CustomerStanding:
    """A customer with entitlements; `matched` are the names it was asked for by, in the order in which they were."""

    customer: Customer
    matched: Sequence[str]
    standings: Sequence[Standing]


@dataclass(frozen=True, slots=True)
class Found:
    """Customers by id; of the feature keys asked for those of live features."""

    customers: Sequence[CustomerStanding]
    features: Collection[str] = ()
