"""Reservations on the wire. They are ours, so their amounts are decimals in strings."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from meterhouse.entitlements.reservation import Reservation, ReservationState
from meterhouse.entitlements.reservations import NewReservation
from meterhouse.platform.wire import Instant, Metadata, Numeric, Ulid, Wire

PositiveAmount = Annotated[Numeric, Field(gt=0)]
Amount = Annotated[Numeric, Field(ge=0)]


class ReservationCreate(Wire):
    amount: PositiveAmount
    expires_at: Instant | None = None
    metadata: Metadata | None = None


class ReservationSettle(Wire):
    """`data` is that of the usage event; the amount is put where the meter reads it."""

    amount: Amount
    data: dict[str, Any] | None = None


class ReservationWire(Wire):
    id: Ulid
    customer_id: Ulid
    entitlement_id: Ulid
    amount: Numeric
    state: ReservationState
    created_at: Instant
    expires_at: Instant
    settled_amount: Numeric | None = None
    settled_at: Instant | None = None
    released_at: Instant | None = None
    metadata: Metadata | None = None


def new_reservation(body: ReservationCreate) -> NewReservation:
    return NewReservation(body.amount, body.expires_at, body.metadata or {})


def reservation_wire(reservation: Reservation, at: datetime) -> ReservationWire:
    """The reservation in its state at `at`."""
    settlement = reservation.settlement
    return ReservationWire(
        id=reservation.id,
        customer_id=reservation.customer_id,
        entitlement_id=reservation.entitlement_id,
        amount=reservation.amount,
        state=reservation.state(at),
        created_at=reservation.created_at,
        expires_at=reservation.expires_at,
        settled_amount=None if settlement is None else settlement.amount,
        settled_at=None if settlement is None else settlement.at,
        released_at=reservation.released_at,
        metadata=dict(reservation.metadata) or None,
    )
