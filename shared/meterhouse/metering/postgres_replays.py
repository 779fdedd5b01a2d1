"""Replays of dead letters in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime

from meterhouse.metering.dead_letters import DeadLetter
from meterhouse.platform.postgres_transaction import Transaction
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.metering", "replays.sql")


class PostgresReplays:
    """The replays of one namespace."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def of(self, letters: Sequence[DeadLetter]) -> dict[str, datetime]:
        """When each was replayed, by id; a letter of another instant that had the same place is another one."""
        known = {(letter.id, letter.dead_at) for letter in letters}
        rows = self._transaction.fetch_all(_SQL["replayed"], {"ids": [letter.id for letter in letters]})
        return {row["id"]: row["replayed_at"] for row in rows if (row["id"], row["dead_at"]) in known}

    def add(self, letter: DeadLetter, at: datetime) -> None:
        values = {"id": letter.id, "dead_at": letter.dead_at, "replayed_at": at}
        self._transaction.execute(_SQL["add_replay"], values)
