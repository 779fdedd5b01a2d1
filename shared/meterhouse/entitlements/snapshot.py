"""Snapshots: balances that are kept, so that the next one need not begin at the beginning. A cache. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from meterhouse.entitlements.balance import Balance
from meterhouse.entitlements.entitlement import floor_minute
from meterhouse.entitlements.standing import Metered

ENGINE = 1
"""Of the burn-down: another number, and what was kept is void."""
GRACE = timedelta(hours=1)
"""Nothing is kept of this last while: usage that is stored within it is not marked as late (`metering.late_usage`)."""
WORTH = timedelta(hours=6)
"""By how much a snapshot must be ahead of where a balance began, to be worth writing."""


@dataclass(frozen=True, slots=True)
class NewSnapshot:
    """A balance to be kept, with what it was reckoned from.

    Attributes:
        changes: the entitlement's count of changes.
        basis, seen, read_at: as in `Metered`.
    """

    entitlement_id: str
    balance: Balance
    changes: int
    basis: str
    seen: int
    read_at: datetime


def snapshot_at(metered: Metered, start: Balance, until: datetime) -> datetime | None:
    """Where a run from `start` to `until` may leave a snapshot; None: nowhere, or it is not worth it.

    On a whole hour, so that what goes on from it splits none.
    """
    at = min(floor_minute(metered.read_at - GRACE).replace(minute=0), until)
    return at if metered.is_complete and at - start.at >= WORTH else None


def state_of(balance: Balance) -> dict[str, Any]:
    """A balance as JSON, every digit of every field."""
    return {
        "at": balance.at.isoformat(),
        "period_start": balance.period_start.isoformat(),
        "balances": _told(balance.balances),
        "overage": str(balance.overage),
        "usage": str(balance.usage),
        "granted_usage": str(balance.granted_usage),
        "borne": _told(balance.borne),
        "stretch_usage": str(balance.stretch_usage),
        "settled": _told(balance.settled),
        "credit": str(balance.credit),
    }


def balance_of(state: Mapping[str, Any]) -> Balance:
    return Balance(
        at=datetime.fromisoformat(state["at"]),
        period_start=datetime.fromisoformat(state["period_start"]),
        balances=_read(state["balances"]),
        overage=Decimal(state["overage"]),
        usage=Decimal(state["usage"]),
        granted_usage=Decimal(state["granted_usage"]),
        borne=_read(state["borne"]),
        stretch_usage=Decimal(state["stretch_usage"]),
        settled=_read(state["settled"]),
        credit=Decimal(state["credit"]),
    )


def _told(amounts: Mapping[str, Decimal]) -> dict[str, str]:
    return {grant_id: str(amount) for grant_id, amount in amounts.items()}


def _read(amounts: Mapping[str, str]) -> dict[str, Decimal]:
    return {grant_id: Decimal(amount) for grant_id, amount in amounts.items()}
