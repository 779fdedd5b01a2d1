"""What is to be told of grants, in PostgreSQL."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from meterhouse.entitlements.announce_grants import Concerned
from meterhouse.entitlements.announcement import Window
from meterhouse.entitlements.rows import entitlement_of, grant_of
from meterhouse.kernel.errors import NotFound
from meterhouse.platform.postgres_transaction import Transaction
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.entitlements", "announcements.sql")


class PostgresAnnouncements:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def told_until(self) -> datetime:
        row = self._transaction.fetch_one(_SQL["told_until"])
        if row is None:
            raise NotFound("namespace", self._transaction.namespace)
        told: datetime = row["told_until"]
        return told

    def tell_until(self, until: datetime) -> None:
        self._transaction.execute(_SQL["tell_until"], {"until": until})

    def edges(self, window: Window, size: int) -> list[str]:
        query = _SQL["edges"].format(concerned=_SQL["concerned"])
        return [row["id"] for row in self._transaction.fetch_all(query, _within(window) | {"size": size})]

    def concerned(self, window: Window, after_id: str, up_to_id: str) -> Iterator[Concerned]:
        query = _SQL["batch"].format(concerned=_SQL["concerned"])
        between = {"after_id": after_id, "up_to_id": up_to_id}
        grants = [grant_of(row) for row in self._transaction.fetch_all(query, _within(window) | between)]
        ids = sorted({grant.entitlement_id for grant in grants})
        rows = self._transaction.fetch_all(_SQL["entitlements"], {"ids": ids})
        entitlements = {row["id"]: entitlement_of(row) for row in rows}
        resets: dict[str, list[datetime]] = defaultdict(list)
        for row in self._transaction.fetch_all(_SQL["reset_by_hand"], _within(window) | {"ids": ids}):
            resets[row["entitlement_id"]].append(row["at"])
        for grant in grants:
            yield Concerned(grant, entitlements[grant.entitlement_id], resets[grant.entitlement_id])


def _within(window: Window) -> dict[str, Any]:
    return {"after": window.after, "until": window.until}
