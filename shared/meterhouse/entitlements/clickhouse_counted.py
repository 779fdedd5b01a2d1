"""Which usage events of reservations ClickHouse counts."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from meterhouse.entitlements.standing import RESERVATION_SOURCE
from meterhouse.metering.batch import microseconds
from meterhouse.metering.cloud_event import CloudEvent
from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.entitlements", "counted.sql")
_HOUR = 3_600
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ClickHouseCounted:
    def __init__(self, store: ClickHouse) -> None:
        self._store = store

    def counted(self, namespace: str, events: Mapping[str, Sequence[CloudEvent]]) -> set[str]:
        return {event_id for meter_id, theirs in events.items() for event_id in self._of(namespace, meter_id, theirs)}

    def _of(self, namespace: str, meter_id: str, events: Sequence[CloudEvent]) -> list[str]:
        parameters = {
            "namespace": namespace,
            "meter_id": meter_id,
            "source": RESERVATION_SOURCE,
            "subjects": sorted({event.subject for event in events}),
            "hours": sorted({_hour(event.time or _EPOCH) for event in events}),
            "ids": [event.id for event in events],
        }
        return [event_id for (event_id,) in self._store.query(_SQL["counted"], parameters)] if events else []


def _hour(at: datetime) -> int:
    seconds = microseconds(at) // 1_000_000
    return seconds - seconds % _HOUR
