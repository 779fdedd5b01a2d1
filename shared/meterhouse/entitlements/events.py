"""The room's domain events: `entitlement.created`, `.deleted`, `.rescheduled`, `.reset`; `grant.created`, `.voided`."""

from collections.abc import Mapping
from datetime import datetime

from meterhouse.entitlements.entitlement import Entitlement
from meterhouse.entitlements.grant import Grant
from meterhouse.entitlements.usage_period import ManualReset
from meterhouse.kernel.ids import derived_ulid
from meterhouse.kernel.instant import format_rfc3339
from meterhouse.platform.outbox import DomainEvent

Data = Mapping[str, str | None]


def entitlement_created(entitlement: Entitlement) -> DomainEvent:
    return _of_entitlement("created", entitlement, entitlement.created_at, {})


def entitlement_deleted(entitlement: Entitlement, superseded_by: str | None = None) -> DomainEvent:
    """That it was ended, by hand or because another took its place."""
    return _of_entitlement("deleted", entitlement, entitlement.updated_at, {"supersededBy": superseded_by})


def entitlement_rescheduled(entitlement: Entitlement) -> DomainEvent:
    """That its end was moved."""
    told = {"activeTo": _text(entitlement.active_to)}
    return _of_entitlement("rescheduled", entitlement, entitlement.updated_at, told, str(entitlement.changes))


def entitlement_reset(entitlement: Entitlement, reset: ManualReset) -> DomainEvent:
    at = format_rfc3339(reset.at)
    return _of_entitlement("reset", entitlement, entitlement.updated_at, {"effectiveAt": at}, at)


def grant_created(grant: Grant, entitlement: Entitlement) -> DomainEvent:
    told = {"effectiveAt": format_rfc3339(grant.effective_at), "expiresAt": _text(grant.expires_at)}
    return _of_grant("created", grant, entitlement, told)


def grant_voided(grant: Grant, entitlement: Entitlement) -> DomainEvent:
    return _of_grant("voided", grant, entitlement, {"voidedAt": _text(grant.voided_at)})


def _of_entitlement(what: str, entitlement: Entitlement, at: datetime, told: Data, *apart: str) -> DomainEvent:
    return DomainEvent(
        id=derived_ulid(at, "entitlement", what, entitlement.id, *apart),
        type=f"entitlement.{what}",
        subject=f"entitlement/{entitlement.id}",
        occurred_at=at,
        data={**_named(entitlement), **told},
    )


def _of_grant(what: str, grant: Grant, entitlement: Entitlement, told: Data) -> DomainEvent:
    return DomainEvent(
        id=derived_ulid(grant.updated_at, "grant", what, grant.id),
        type=f"grant.{what}",
        subject=f"grant/{grant.id}",
        occurred_at=grant.updated_at,
        data={"grantId": grant.id, **_named(entitlement), **told},
    )


def _named(entitlement: Entitlement) -> Data:
    return {
        "entitlementId": entitlement.id,
        "customerId": entitlement.customer_id,
        "featureKey": entitlement.feature_key,
        "meterId": entitlement.meter_id,
    }


def _text(at: datetime | None) -> str | None:
    return None if at is None else format_rfc3339(at)
