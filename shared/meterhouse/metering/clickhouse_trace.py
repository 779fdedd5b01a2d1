"""One event in ClickHouse: its writings, its first one whole, and its values."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from meterhouse.metering.batch import identity, microseconds
from meterhouse.metering.event import StoredEvent, UsageEvent
from meterhouse.metering.trace import Role, StoredValue, TracedWriting
from meterhouse.metering.trace_event import Traced
from meterhouse.metering.written import unpacked
from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.metering", "trace.sql")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class ClickHouseTrace:
    """Each of its methods raises `Unavailable` when the store did not answer."""

    def __init__(self, store: ClickHouse) -> None:
        self._store = store

    def writings(self, traced: Traced, limit: int) -> list[TracedWriting]:
        hashed = identity(traced.source, traced.id)
        rows = self._store.query(_SQL["writings"], _identity(traced) | {"identity": hashed, "limit": limit})
        first = rows[0][1] if rows else 0
        return [_writing(first if number else None, *row) for number, row in enumerate(rows)]

    def event(self, traced: Traced, first: TracedWriting) -> StoredEvent | None:
        for time, data, content_type, schema, ingested_at, stored_at, fault in self._store.query(
            _SQL["event"], _key(traced, first) | {"type": first.type}
        ):
            event = UsageEvent(
                id=traced.id,
                source=traced.source,
                type=first.type,
                subject=first.subject,
                time=_instant(time),
                data=data,
                datacontenttype=content_type or None,
                dataschema=schema or None,
            )
            return StoredEvent(event, _instant(ingested_at), _instant(stored_at), fault or None)
        return None

    def values(self, traced: Traced, first: TracedWriting) -> dict[str, StoredValue]:
        return {
            meter_id: StoredValue(Decimal(value), tuple(texts), bool(counts), dict(group_by))
            for meter_id, value, texts, counts, group_by in self._store.query(_SQL["values"], _key(traced, first))
        }


def _identity(traced: Traced) -> dict[str, object]:
    return {"namespace": traced.namespace, "source": traced.source, "id": traced.id}


def _key(traced: Traced, first: TracedWriting) -> dict[str, object]:
    return _identity(traced) | {"subject": first.subject, "time": microseconds(first.time)}


def _writing(
    first_digest: int | None, written: int, digest: int, kind: str, subject: str, time: int, ingested_at: int
) -> TracedWriting:
    """`first_digest`: None of the first writing itself."""
    later = Role.DUPLICATE if digest == first_digest else Role.CONFLICT
    role = Role.FIRST if first_digest is None else later
    _, *place = unpacked(written)
    return TracedWriting(role, kind, subject, _instant(time), _instant(ingested_at), *place)


def _instant(micros: int) -> datetime:
    return _EPOCH + micros * _MICROSECOND
