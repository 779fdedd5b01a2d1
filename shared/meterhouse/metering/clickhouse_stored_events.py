"""Stored events in ClickHouse, read again page by page: day by day, for the partitions are days."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from msgspec import Raw

from meterhouse.metering.backfill import StoredPlace
from meterhouse.metering.backfill_meter import EventPage
from meterhouse.metering.batch import EventBatch, identity
from meterhouse.metering.cloud_event import CloudEvent
from meterhouse.platform.sql import queries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from meterhouse.metering.backfill import Cursor
    from meterhouse.platform.clickhouse import ClickHouse

_SQL = queries("meterhouse.metering", "stored_events.sql")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PAGE_BYTES = 32 * 1024 * 1024
_SETTINGS = {
    # the hour is in the key, so rows of one key never stand in two partitions
    "do_not_merge_across_partitions_select_final": 1,
    # a subject may be a thousand characters long, and so may a source
    "max_query_size": 1024 * 1024,
}


class ClickHouseStoredEvents:
    def __init__(self, store: ClickHouse, page_bytes: int = PAGE_BYTES) -> None:
        self._store = store
        self._page_bytes = page_bytes

    def days(self, namespace: str, event_type: str) -> list[tuple[date, int]]:
        rows = self._store.query(_SQL["days"], {"namespace": namespace, "type": event_type})
        return [(day, count) for day, count in rows]

    def page(self, namespace: str, event_type: str, span: Cursor, most: int) -> EventPage:
        """At most `most` events, of which the last alone may pass `page_bytes` of data.

        Raises:
            Unavailable: the store did not answer.
        """
        after = {} if span.after is None else span.after._asdict()
        parameters = {
            "namespace": namespace,
            "type": event_type,
            "from": _seconds(span.from_),
            "to": _seconds(span.to),
            "limit": most + 1,
            "bytes": self._page_bytes,
            **after,
        }
        text = _SQL["page"].format(conditions=_SQL["after"] if after else "")
        rows = self._store.query(text, parameters, _SETTINGS)[:most]
        if not rows:
            return EventPage(EventBatch(), None)
        *_, last = rows
        subject, source, event_id, hour, *_, found = last
        place = StoredPlace(subject, hour, source, event_id) if len(rows) < found else None
        batch = stored_batch(namespace, [event_type] * len(rows), [row[:-1] for row in rows])
        return EventPage(batch, place)


def stored_batch(namespace: str, types: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> EventBatch:
    """Stored events of these types; rows: subject, source, id, hour, time, data, instants, place in the log."""
    if not rows:
        return EventBatch()
    subjects, sources, ids, _, times, datas, ingested, stored, partitions, offsets, positions = zip(*rows, strict=True)
    return EventBatch(
        namespaces=[namespace] * len(rows),
        events=[
            CloudEvent(id=event_id, source=source, type=event_type, subject=subject, data=Raw(data))
            for event_type, event_id, source, subject, data in zip(types, ids, sources, subjects, datas, strict=True)
        ],
        times=list(times),
        ingested=list(ingested),
        stored=list(stored),
        partitions=list(partitions),
        offsets=list(offsets),
        positions=list(positions),
        identities=list(map(identity, sources, ids)),
    )


def _seconds(day: date) -> int:
    return (datetime.combine(day, time.min, UTC) - _EPOCH) // timedelta(seconds=1)
