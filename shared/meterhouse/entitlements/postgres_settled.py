"""Settled reservations whose usage is on its way, in PostgreSQL."""

from collections.abc import Collection
from datetime import datetime

from meterhouse.entitlements.postgres_reservations import reservation_of
from meterhouse.entitlements.send_settled_usage import OnItsWay
from meterhouse.metering.postgres import PostgresMeters
from meterhouse.platform.postgres_transaction import Transaction
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.entitlements", "evaluations.sql")


class PostgresSettledReservations:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def uncounted(self, entitlement_ids: Collection[str]) -> list[OnItsWay]:
        rows = self._transaction.fetch_all(_SQL["uncounted"], {"ids": list(entitlement_ids)})
        meters = PostgresMeters(self._transaction).by_ids({row["meter_id"] for row in rows}) if rows else {}
        return [OnItsWay(reservation_of(row), meters[row["meter_id"]], row["sent_at"]) for row in rows]

    def sent(self, reservation_ids: Collection[str], at: datetime) -> None:
        self._transaction.execute(_SQL["sent"], {"ids": list(reservation_ids), "at": at})
