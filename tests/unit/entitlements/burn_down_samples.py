"""Grants and usage for the burn-down, spelled out only where a test cares. Time is in hours since T."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from meterhouse.entitlements.bearing import total
from meterhouse.entitlements.burn_down import Balance, BurnDown, Stretch, Usage, burn_down, opening
from meterhouse.entitlements.grant import Grant, Recurrence
from meterhouse.entitlements.usage_period import Reset
from meterhouse.kernel.cadence import Cadence, CadenceUnit

T = datetime(2024, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)

Amount = Decimal | int | str
Amounts = Mapping[int, Amount] | Mapping[int, Decimal] | Mapping[float, int]


def at(hours: float) -> datetime:
    return T + hours * HOUR


def grant(
    id_: str = "g1",
    amount: Amount = 100,
    begins: float = 0,
    ends: float | None = None,
    *,
    priority: int = 1,
    created: float = 0,
    voided: float | None = None,
    every: int | None = None,
    anchor: float = 0,
    rollover: tuple[Amount, Amount] = (0, 0),
) -> Grant:
    """`every`: hours between recurrences; `rollover`: the least and the most."""
    return Grant(
        id=id_,
        entitlement_id="e",
        amount=Decimal(amount),
        effective_at=at(begins),
        created_at=at(created),
        updated_at=at(created),
        priority=priority,
        expires_at=None if ends is None else at(ends),
        voided_at=None if voided is None else at(voided),
        recurrence=None if every is None else Recurrence(Cadence(every, CadenceUnit.HOUR), at(anchor)),
        min_rollover=Decimal(rollover[0]),
        max_rollover=Decimal(rollover[1]),
    )


def reset(hours: float, *, preserving: bool = False) -> Reset:
    return Reset(at(hours), preserving)


def used(amounts: Amounts) -> Usage:
    """The sum of what was used in a stretch, by hour."""
    events = events_of(amounts)

    def usage(stretch: Stretch) -> Decimal:
        return total(value for when, value in events if stretch.start <= when < stretch.end)

    return usage


def last_of(values: Amounts) -> Usage:
    """The last value in a stretch, by hour."""
    events = events_of(values)

    def usage(stretch: Stretch) -> Decimal | None:
        values = [value for when, value in events if stretch.start <= when < stretch.end]
        return values[-1] if values else None

    return usage


def events_of(amounts: Amounts) -> list[tuple[datetime, Decimal]]:
    return sorted((at(hours), Decimal(amount)) for hours, amount in amounts.items())


def present(balances: Mapping[str, Decimal]) -> dict[str, Decimal]:
    return {id_: amount for id_, amount in balances.items() if amount}


def told(*values: Any) -> tuple[Any, ...]:
    """To be compared with numbers of any kind."""
    return values


def usage_left_overage(balance: Balance) -> tuple[Any, ...]:
    return told(balance.usage, balance.remaining, balance.overage)


NOTHING = used({})


def run(grants: Sequence[Grant], usage: Usage = NOTHING, until: float = 24, *resets: Reset) -> BurnDown:
    """From T, where nothing was used before, for so many hours."""
    return burn_down(opening(grants, T), grants, resets, at(until), usage)


def left(grants: Sequence[Grant], usage: Usage = NOTHING, until: float = 24, *resets: Reset) -> dict[str, Decimal]:
    """What such a run leaves of each grant."""
    return dict(run(grants, usage, until, *resets).balance.balances)
