"""Reservations in PostgreSQL."""

import json
from collections.abc import Collection
from datetime import datetime
from typing import Any

from meterhouse.entitlements.postgres import PostgresStore
from meterhouse.entitlements.postgres_standings import PostgresStandings
from meterhouse.entitlements.reservation import Reservation, ReservationState, Settlement
from meterhouse.entitlements.reservations import Place
from meterhouse.platform.postgres_transaction import Row, Transaction
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.entitlements", "reservations.sql")
_KEPT = (
    "id", "entitlement_id", "customer_id", "amount", "created_at", "expires_at", "subject", "released_at", "counted_at",
)  # fmt: skip


class PostgresReservations:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def find(self, place: Place, reservation_id: str) -> Reservation | None:
        wanted = {"customer": place.customer, "feature_key": place.feature_key, "id": reservation_id}
        row = self._transaction.fetch_one(_SQL["find"], wanted)
        return None if row is None else reservation_of(row)

    def page(
        self, place: Place, states: Collection[ReservationState], at: datetime, limit: int, offset: int
    ) -> tuple[list[Reservation], int]:
        wanted = {
            "customer_id": place.customer,
            "feature_key": place.feature_key,
            "states": [state.value for state in states] or None,
            "at": at,
        }
        count = self._transaction.fetch_one(_SQL["count"].format(matching=_SQL["matching"]), wanted)
        query = _SQL["page"].format(matching=_SQL["matching"])
        rows = self._transaction.fetch_all(query, wanted | {"limit": limit, "offset": offset})
        return [reservation_of(row) for row in rows], count["count"] if count else 0

    def add(self, reservation: Reservation) -> None:
        self._transaction.execute(_SQL["add"], _values(reservation))

    def update(self, reservation: Reservation) -> None:
        self._transaction.execute(_SQL["update"], _values(reservation))


class PostgresReservationStore(PostgresStore):
    """What the use cases of reservations touch inside one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        super().__init__(transaction)
        self.reservations = PostgresReservations(transaction)
        self.standings = PostgresStandings(transaction)


def reservation_of(row: Row) -> Reservation:
    """The reservation of a row whose `data` is read as text, digit by digit."""
    settlement = None
    if row["settled_at"] is not None:
        settlement = Settlement(row["settled_amount"], row["settled_at"], row["subject"], row["data"])
    return Reservation(**{name: row[name] for name in _KEPT}, metadata=row["metadata"], settlement=settlement)


def _values(reservation: Reservation) -> dict[str, Any]:
    settlement = reservation.settlement
    return {name: getattr(reservation, name) for name in _KEPT} | {
        "subject": settlement.subject if settlement else reservation.subject,
        "metadata": json.dumps(dict(reservation.metadata)),
        "settled_amount": settlement and settlement.amount,
        "settled_at": settlement and settlement.at,
        "data": settlement and settlement.data,
    }
