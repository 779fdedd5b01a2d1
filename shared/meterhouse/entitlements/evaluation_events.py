"""What the balance worker tells: `entitlement.balance_snapshot`, `entitlement.threshold_crossed`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from meterhouse.entitlements.balances import EntitlementBalance
from meterhouse.entitlements.evaluation import snapshot, threshold_document
from meterhouse.entitlements.thresholds import Crossing
from meterhouse.kernel.ids import derived_ulid
from meterhouse.kernel.instant import format_rfc3339
from meterhouse.platform.outbox import DomainEvent


def balance_told(document: Mapping[str, Any], times: int, at: datetime) -> DomainEvent:
    """The `times`-th snapshot of an entitlement (see `evaluation.snapshot`), taken at `at`."""
    entitlement_id = document["entitlementId"]
    return DomainEvent(
        id=derived_ulid(at, "entitlement", "balance_snapshot", entitlement_id, str(times)),
        type="entitlement.balance_snapshot",
        subject=f"entitlement/{entitlement_id}",
        occurred_at=at,
        data={**document, "at": format_rfc3339(at)},
    )


def threshold_crossed(found: EntitlementBalance, crossing: Crossing, *, is_leading: bool) -> DomainEvent:
    """That the balance passed a threshold; `is_leading`: it is past no further one of usage, or of the balance."""
    document = snapshot(found, ())
    period = document["periodStart"]
    threshold, nth = str(crossing.threshold), str(crossing.nth)
    return DomainEvent(
        id=derived_ulid(crossing.crossed_at, "entitlement", "threshold", found.entitlement.id, period, threshold, nth),
        type="entitlement.threshold_crossed",
        subject=f"entitlement/{found.entitlement.id}",
        occurred_at=crossing.crossed_at,
        data={
            **{name: value for name, value in document.items() if name != "thresholds"},
            "threshold": threshold_document(crossing.threshold),
            "nth": crossing.nth,
            "isLeading": is_leading,
        },
    )
