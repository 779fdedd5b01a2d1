"""What was tried, read from PostgreSQL."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from meterhouse.notifications.outcome import Outcome
from meterhouse.notifications.sending import Attempt
from meterhouse.platform.postgres_transaction import Row, Transaction
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.notifications", "sending.sql")
_MOST = 20
_MILLISECOND = timedelta(milliseconds=1)


class PostgresAttempts:
    """`meterhouse.notifications.ports.AttemptStore`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def latest(self, notification_ids: Iterable[str]) -> Mapping[tuple[str, str], Sequence[Attempt]]:
        found: dict[tuple[str, str], list[Attempt]] = defaultdict(list)
        asked = {"ids": list(notification_ids), "most": _MOST}
        for row in self._transaction.fetch_all(_SQL["attempts"], asked):
            found[row["event_id"], row["channel_id"]].append(_attempt_of(row))
        return found


def _attempt_of(row: Row) -> Attempt:
    took = row["took_ms"] * _MILLISECOND
    outcome = Outcome(row["fault"], took, row["status"], row["body"], row["url"])
    return Attempt(row["event_id"], row["channel_id"], row["lease"], row["attempted_at"], row["counts"], outcome)
