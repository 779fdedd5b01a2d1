"""Backfills in PostgreSQL."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from meterhouse.metering.backfill import Backfill, BackfillStatus, Cursor, StoredPlace
from meterhouse.metering.resume_backfills import StalledBackfill
from meterhouse.platform.postgres_transaction import Row, Transaction
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.metering", "backfills.sql")


class PostgresBackfills:
    """The backfills of one namespace."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def add(self, meter_id: str, revision: int, at: datetime) -> None:
        """One that waits to be started; those of earlier revisions that are not complete are given up."""
        values = {"meter_id": meter_id, "revision": revision, "at": at}
        self._transaction.execute(_SQL["give_up"], values)
        self._transaction.execute(_SQL["add"], values | {"status": BackfillStatus.PENDING.value})

    def latest(self, meter_id: str) -> Backfill | None:
        row = self._transaction.fetch_one(_SQL["latest"], {"meter_id": meter_id})
        return None if row is None else _backfill(row)

    def find(self, meter_id: str, revision: int) -> Backfill | None:
        row = self._transaction.fetch_one(_SQL["find"], {"meter_id": meter_id, "revision": revision})
        return None if row is None else _backfill(row)

    def save(self, backfill: Backfill) -> None:
        cursor = None if backfill.cursor is None else _document(backfill.cursor)
        self._transaction.execute(_SQL["save"], asdict(backfill) | {"cursor": cursor, "status": backfill.status.value})

    def take_stalled(self, stalled: datetime, failed: datetime, at: datetime) -> Sequence[StalledBackfill]:
        rows = self._transaction.fetch_all(_SQL["take_stalled"], {"stalled": stalled, "failed": failed, "at": at})
        return [StalledBackfill(row["meter_id"], row["slug"], row["revision"]) for row in rows]


def _document(cursor: Cursor) -> str:
    return json.dumps({"from": cursor.from_.isoformat(), "to": cursor.to.isoformat(), "after": cursor.after})


def _cursor(document: dict[str, Any]) -> Cursor:
    after = document["after"]
    place = None if after is None else StoredPlace(*after)
    return Cursor(date.fromisoformat(document["from"]), date.fromisoformat(document["to"]), place)


def _backfill(row: Row) -> Backfill:
    known = {name: value for name, value in row.items() if name != "namespace"}
    cursor = None if row["cursor"] is None else _cursor(row["cursor"])
    return Backfill(**known | {"status": BackfillStatus(row["status"]), "cursor": cursor})
