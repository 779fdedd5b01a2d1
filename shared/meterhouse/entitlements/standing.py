"""What is known of an entitlement before its usage is asked for: all that a balance follows from but usage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from meterhouse.entitlements.burn_down import Balance
from meterhouse.entitlements.entitlement import Entitlement
from meterhouse.entitlements.grant import Grant
from meterhouse.metering.filter import Filter
from meterhouse.metering.model import Meter

RESERVATION_SOURCE = "meterhouse/reservations"
"""The source of usage events that settle a reservation; their id is the reservation's."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Units kept back in `[created_at, expires_at)` for work that is under way."""

    id: str
    amount: Decimal
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Settled:
    """Usage of a hold that was settled at `at`, and whose event is not known to be counted yet."""

    id: str
    amount: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A balance of earlier: a cache, never needed.

    Attributes:
        changes: the entitlement's count of changes when it was taken.
        seen: the latest mark of late usage when it was taken, before its usage was read.
    """

    balance: Balance
    changes: int
    seen: int


@dataclass(frozen=True, slots=True)
class Metered:
    """What the balance of a metered entitlement follows from, but usage.

    Attributes:
        meter: whose usage counts, where all of `filters` hold.
        subjects: of the customer; usage of theirs counts.
        grants: all there ever were, voided and expired ones too.
        holds: open ones, those past their time too.
        settled: holds whose event is on its way.
        basis: what a snapshot stands on, as a digest; see README.
        seen: the latest mark of late usage.
        read_at: when all this was read, by the database's clock.
        is_complete: the meter has read all events stored before it.
        snapshot: the latest one that is valid and not later than the instant that was asked for.
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
    snapshot: Snapshot | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """An entitlement as it stands; `metered` is None for the other types."""

    entitlement: Entitlement
    metered: Metered | None = None


@dataclass(frozen=True, slots=True)
class CustomerStanding:
    """A customer with entitlements.

    Attributes:
        matched: those of the names asked for that are the customer's: its id, its key, its subjects.
    """

    customer_id: str
    matched: Sequence[str]
    standings: Sequence[Standing] = field(default_factory=list)
