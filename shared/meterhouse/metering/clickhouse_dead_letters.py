"""Dead letters as the witness wrote them down, in ClickHouse."""

from datetime import UTC, datetime, timedelta

from meterhouse.metering.dead_letters import DeadLetter, LetterPlace
from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.metering", "dead_letters.sql")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_LATEST = (1 << 52, 0, 0)
"""After every letter."""


class ClickHouseLetters:
    def __init__(self, store: ClickHouse) -> None:
        self._store = store

    def page(self, namespace: str, limit: int, after: LetterPlace | None) -> list[DeadLetter]:
        place = _LATEST if after is None else ((after.dead_at - _EPOCH) // _MILLISECOND, after.partition, after.offset)
        parameters = {"namespace": namespace, "limit": limit, "after": place}
        return [_letter(*row) for row in self._store.query(_SQL["page"], parameters)]

    def find(self, namespace: str, partition: int, offset: int) -> DeadLetter | None:
        parameters = {"namespace": namespace, "partition": partition, "offset": offset}
        return next((_letter(*row) for row in self._store.query(_SQL["find"], parameters)), None)


def _letter(
    letter_partition: int,
    letter_offset: int,
    topic: str,
    partition: int,
    offset: int,
    reason: str,
    died_ms: int,
    size: int,
) -> DeadLetter:
    dead_at = _EPOCH + died_ms * _MILLISECOND
    return DeadLetter(letter_partition, letter_offset, topic, partition, offset, reason, dead_at, size)
