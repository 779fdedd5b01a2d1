"""The room's domain events: `credit_grant.created`, `.paid`, `.voided`, `.expired`."""

from datetime import datetime

from meterhouse.kernel.ids import derived_ulid
from meterhouse.kernel.instant import format_rfc3339
from meterhouse.ledger.credit_grant import CreditGrant
from meterhouse.platform.outbox import DomainEvent


def grant_created(grant: CreditGrant) -> DomainEvent:
    return _event("created", grant, grant.created_at)


def grant_paid(grant: CreditGrant, at: datetime) -> DomainEvent:
    """That its payment came further; how far stands in `settlement`."""
    return _event("paid", grant, at, "" if grant.purchase is None else grant.purchase.settlement)


def grant_voided(grant: CreditGrant) -> DomainEvent:
    return _event("voided", grant, grant.voided_at or grant.updated_at)


def grant_expired(grant: CreditGrant) -> DomainEvent:
    return _event("expired", grant, grant.expires_at or grant.updated_at)


def _event(what: str, grant: CreditGrant, at: datetime, *apart: str) -> DomainEvent:
    expires_at = grant.expires_at
    return DomainEvent(
        id=derived_ulid(at, "credit_grant", what, grant.id, *apart),
        type=f"credit_grant.{what}",
        subject=f"credit_grant/{grant.id}",
        occurred_at=at,
        data={
            "grantId": grant.id,
            "customerId": grant.customer_id,
            "funding": grant.funding.value,
            "currency": grant.currency,
            "amount": f"{grant.amount:f}",
            "settlement": None if grant.purchase is None else grant.purchase.settlement.value,
            "expiresAt": None if expires_at is None else format_rfc3339(expires_at),
        },
    )
