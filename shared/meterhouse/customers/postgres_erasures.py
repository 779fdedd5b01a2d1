"""Erasures in PostgreSQL, and the records that bear an erased name."""

import json
from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from meterhouse.customers.erasure import Erased, Erasure, ErasureStatus
from meterhouse.platform.postgres import Database
from meterhouse.platform.postgres_transaction import Row, Transaction
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.customers", "erasures.sql")
_COUNTS = [field.name for field in fields(Erased)]


class PostgresErasures:
    """The erasures of one namespace."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def remembered(self) -> list[Erasure]:
        return [_erasure(row) for row in self._transaction.fetch_all(_SQL["remembered"])]

    def find(self, erasure_id: str) -> Erasure | None:
        row = self._transaction.fetch_one(_SQL["find"], {"id": erasure_id})
        return None if row is None else _erasure(row)

    def save(self, erasure: Erasure) -> None:
        values = _values(erasure)
        self._transaction.execute(_SQL["save"], values)
        if erasure.salted is not None:
            self._transaction.execute(_SQL["save_name"], values)

    def page(self, number: int, size: int) -> tuple[list[Erasure], int]:
        rows = self._transaction.fetch_all(_SQL["page"], {"limit": size, "offset": (number - 1) * size})
        counted = self._transaction.fetch_one(_SQL["count"])
        return [_erasure(row) for row in rows], counted["count"] if counted else 0

    def due(self, at: datetime) -> list[Erasure]:
        """Those that a pass may begin for, the one that waits longest first."""
        return [_erasure(row) for row in self._transaction.fetch_all(_SQL["due"], {"at": at})]

    def forget(self, before: datetime) -> None:
        """Complete ones asked for before this are not known again by their names."""
        for text in ("forget", "forget_names"):
            self._transaction.execute(_SQL[text], {"before": before})


class AllErasures:
    """The remembered erasures of any namespace, read anew each time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, namespace: str) -> Sequence[Erasure]:
        return [_erasure(row) for row in self._database.read(namespace, _SQL["remembered"])]


class NamedRecords:
    """What bears a subject's name in the tables of these rooms: each has its statements in `erased_records.sql`."""

    def __init__(self, database: Database, rooms: Sequence[str]) -> None:
        self._database = database
        self._statements = [
            text for room in rooms for text in queries(f"meterhouse.{room}", "erased_records.sql").values()
        ]

    def rename(self, namespace: str, subject: str, pseudonym: str) -> int:
        """How many rows bore the name; those that wait for somebody (an event to be published) still do.

        Raises:
            Unavailable: the database did not answer; nothing was changed.
        """
        names = {"subject": subject, "pseudonym": pseudonym, "ascii": json.dumps(subject)}
        with self._database.transaction(namespace) as transaction:
            touched = sum(transaction.execute(text, names) for text in self._statements)
            transaction.commit()
        return touched


def _values(erasure: Erasure) -> dict[str, Any]:
    values = asdict(erasure)
    return {**values, **values.pop("erased"), "status": erasure.status.value}


def _erasure(row: Row) -> Erasure:
    known = {name: value for name, value in row.items() if name != "namespace" and name not in _COUNTS}
    erased = Erased(**{name: row[name] for name in _COUNTS})
    return Erasure(**known | {"status": ErasureStatus(row["status"]), "erased": erased})
