"""What the balance worker tells of an entitlement, and when it looks at it again by itself. Pure."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from meterhouse.entitlements.balances import EntitlementBalance
from meterhouse.entitlements.entitlement import ceil_minute
from meterhouse.entitlements.standing import Metered, Standing
from meterhouse.entitlements.thresholds import Threshold
from meterhouse.entitlements.timeline import timeline
from meterhouse.entitlements.usage_period import UsagePeriods
from meterhouse.kernel.instant import format_rfc3339
from meterhouse.kernel.rounding import EXACT

COUNTING = timedelta(minutes=2)
"""How long usage of a settled reservation may be on its way before it is looked after."""


def snapshot(balance: EntitlementBalance, past: Iterable[Threshold]) -> dict[str, Any]:
    """What an entitlement gives and which thresholds it is past, without the instant: equal ones tell nothing new."""
    entitlement = balance.entitlement
    document: dict[str, Any] = {
        "entitlementId": entitlement.id,
        "customerId": entitlement.customer_id,
        "featureId": entitlement.feature_id,
        "featureKey": entitlement.feature_key,
        "type": entitlement.type.value,
        "hasAccess": balance.has_access,
    }
    if (left := balance.balance) is None:
        return document
    return document | {
        "periodStart": format_rfc3339(left.period_start),
        "balance": _plain(balance.available),
        "reserved": _plain(balance.reserved),
        "remaining": _plain(left.remaining),
        "usage": _plain(left.usage),
        "overage": _plain(left.overage),
        "totalAvailable": _plain(left.total_available),
        "thresholds": [threshold_document(threshold) for threshold in past],
    }


def threshold_document(threshold: Threshold) -> dict[str, str]:
    return {"type": threshold.kind.value, "value": _plain(threshold.value)}


def digest(document: Mapping[str, Any]) -> str:
    """The same for equal documents, and for no others."""
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def due_after(standing: Standing, at: datetime) -> datetime | None:
    """When the entitlement changes by itself next; None: never."""
    entitlement = standing.entitlement
    if entitlement.active_to is not None and entitlement.active_to <= at:
        return None
    instants = [entitlement.active_from, *(() if entitlement.active_to is None else (entitlement.active_to,))]
    if standing.metered is not None and entitlement.allowance is not None:
        instants += _of_balance(standing.metered, entitlement.allowance.periods, at)
    return min((instant for instant in instants if instant > at), default=None)


def _of_balance(metered: Metered, periods: UsagePeriods, at: datetime) -> list[datetime]:
    # the balance of an instant is that of the minute it lies in, once that is over
    known = ceil_minute(at)
    reset = periods.at(known).end
    grants_or_reset = next(moment for moment, _ in timeline(metered.grants, (), (), known, reset))
    expiries = [hold.expires_at for hold in metered.holds]
    return [
        periods.measured_from,
        grants_or_reset,
        *expiries,
        *(max(at, settled.at) + COUNTING for settled in metered.settled),
    ]


def _plain(value: Decimal) -> str:
    return f"{EXACT.normalize(value):f}"
