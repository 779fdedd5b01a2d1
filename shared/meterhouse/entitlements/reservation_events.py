"""The domain events of reservations: `reservation.created`, `.settled`, `.released`."""

from datetime import datetime

from meterhouse.entitlements.reservation import Reservation
from meterhouse.kernel.ids import derived_ulid
from meterhouse.kernel.instant import format_rfc3339
from meterhouse.platform.outbox import DomainEvent


def reservation_event(what: str, reservation: Reservation, at: datetime) -> DomainEvent:
    """That `what` happened to it at `at`; each can happen once."""
    settlement = reservation.settlement
    return DomainEvent(
        id=derived_ulid(at, "reservation", what, reservation.id),
        type=f"reservation.{what}",
        subject=f"reservation/{reservation.id}",
        occurred_at=at,
        data={
            "reservationId": reservation.id,
            "entitlementId": reservation.entitlement_id,
            "customerId": reservation.customer_id,
            "amount": f"{reservation.amount:f}",
            "expiresAt": format_rfc3339(reservation.expires_at),
            "settledAmount": settlement and f"{settlement.amount:f}",
        },
    )
