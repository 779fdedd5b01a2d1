"""Entitlements and grants as rows of their tables."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from meterhouse.entitlements.entitlement import Allowance, Entitlement, EntitlementType, Issue
from meterhouse.entitlements.grant import Grant, Recurrence
from meterhouse.entitlements.usage_period import ManualReset, UsagePeriods
from meterhouse.kernel.cadence import Cadence
from meterhouse.platform.postgres_transaction import Row

_ENTITLEMENT = (
    "id", "customer_id", "feature_id", "feature_key", "active_from", "active_to", "config", "meter_id", "changes",
    "managed_by", "managed_item", "metadata", "annotations", "created_at", "updated_at", "deleted_at",
)  # fmt: skip
_GRANT = (
    "id", "entitlement_id", "amount", "effective_at", "created_at", "updated_at", "priority", "expires_at",
    "min_rollover", "max_rollover", "voided_at", "metadata", "annotations",
)  # fmt: skip


def entitlement_of(row: Row) -> Entitlement:
    """The entitlement of a row of the view `entitlement_details`."""
    kind, periods = EntitlementType(row["type"]), _periods(row)
    allowance = None
    if kind is EntitlementType.METERED and periods is not None:
        amount = row["issue_amount"]
        issue = None if amount is None else Issue(amount, row["issue_priority"])
        allowance = Allowance(periods, row["is_soft_limit"], issue)
    return Entitlement(
        **{name: row[name] for name in _ENTITLEMENT},
        type=kind,
        allowance=allowance,
        cycle=periods if allowance is None else None,
    )


def entitlement_values(entitlement: Entitlement) -> dict[str, Any]:
    allowance, periods = entitlement.allowance, entitlement.periods
    issue = None if allowance is None else allowance.issue
    return {name: getattr(entitlement, name) for name in _ENTITLEMENT} | {
        "type": entitlement.type.value,
        "cadence": periods and periods.cadence.iso(),
        "anchor": periods and periods.anchor,
        "measured_from": periods and periods.measured_from,
        "preserves_overage": periods is not None and periods.preserves_overage,
        "is_soft_limit": allowance is not None and allowance.is_soft_limit,
        "issue_amount": issue and issue.amount,
        "issue_priority": issue and issue.priority,
        "metadata": json.dumps(dict(entitlement.metadata)),
        "annotations": json.dumps(dict(entitlement.annotations)),
    }


def grant_of(row: Row) -> Grant:
    expiration, cadence = row["expiration"], row["recurrence_cadence"]
    return Grant(
        **{name: row[name] for name in _GRANT},
        expiration=None if expiration is None else Cadence.parse(expiration),
        recurrence=None if cadence is None else Recurrence(Cadence.parse(cadence), row["recurrence_anchor"]),
    )


def grant_values(grant: Grant) -> dict[str, Any]:
    return {name: getattr(grant, name) for name in _GRANT} | {
        "expiration": grant.expiration and grant.expiration.iso(),
        "recurrence_cadence": grant.recurrence and grant.recurrence.cadence.iso(),
        "recurrence_anchor": grant.recurrence and grant.recurrence.anchor,
        "metadata": json.dumps(dict(grant.metadata)),
        "annotations": json.dumps(dict(grant.annotations)),
    }


def _periods(row: Row) -> UsagePeriods | None:
    if row["cadence"] is None:
        return None
    return UsagePeriods(
        Cadence.parse(row["cadence"]),
        row["anchor"],
        row["measured_from"],
        row["preserves_overage"],
        tuple(_reset(document) for document in row["resets"]),
    )


def _reset(document: Mapping[str, Any]) -> ManualReset:
    return ManualReset(
        datetime.fromisoformat(document["at"]),
        datetime.fromisoformat(document["anchor"]),
        document["preserves_overage"],
    )
