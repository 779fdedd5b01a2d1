"""A usage house of one namespace: meters in memory, the usage store real."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

import msgspec
from msgspec import Raw
from msgspec.json import encode

from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.clickhouse_rollup import ClickHouseRollups
from meterhouse.metering.clickhouse_sink import ClickHouseSink
from meterhouse.metering.cloud_event import CloudEvent
from meterhouse.metering.event import EARLIEST
from meterhouse.metering.late_usage import LateUsage
from meterhouse.metering.model import Meter, MeterSpec, new_meter
from meterhouse.metering.record import encode_record
from meterhouse.metering.roll_up import DirtyHour
from meterhouse.metering.sink import LogRecord, Notices, SinkEvents
from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.ids import new_id

T0 = datetime(2026, 3, 1, 10, 15, tzinfo=UTC)


@dataclass
class House:
    """Produces, sinks and holds the meters of a namespace; `clock` ticks a second with each batch."""

    namespace: str
    store: ClickHouse
    meters: list[Meter] = field(default_factory=list)
    buried: list[tuple[LogRecord, str]] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    notices: list[tuple[list[tuple[str, str, str]], str, datetime]] = field(default_factory=list)
    late: list[LateUsage] = field(default_factory=list)
    clock: datetime = T0
    offsets: "count[int]" = field(default_factory=count)

    def of(self, namespace: str, since: datetime = EARLIEST) -> Sequence[Meter]:
        if namespace != self.namespace:
            return []
        return [meter for meter in self.meters if meter.deleted_at is None or meter.deleted_at > since]

    def bury(self, record: LogRecord, reason: str) -> None:
        self.buried.append((record, reason))

    def refuse(self, poison: int) -> None:
        self.refused.append(poison)

    def now(self) -> datetime:
        self.clock += timedelta(seconds=1)
        return self.clock

    def meter(self, aggregation: Aggregation = Aggregation.SUM, **changes: object) -> Meter:
        """A new live meter, summing `$.value` of `call` events by `$.region`."""
        spec = {
            "slug": f"m{len(self.meters)}",
            "name": "Meter",
            "aggregation": aggregation,
            "event_type": "call",
            "value_property": "$.value" if aggregation.reads_value else None,
            "group_by": {"region": "$.region", "tier": "$.tier"},
        }
        made = new_meter(new_id(), MeterSpec(**(spec | changes)), T0)  # type: ignore[arg-type] # fields by name
        self.meters.append(made)
        return made

    def delete(self, meter: Meter, at: datetime) -> None:
        self.meters[self.meters.index(meter)] = meter.deleted(at)

    def record(self, *events: CloudEvent, partition: int = 0, ingested: datetime = T0) -> LogRecord:
        value = encode_record(self.namespace, Raw(encode(events)), ingested)
        return LogRecord("events", partition, next(self.offsets), self.namespace.encode(), value)

    def sinks(self, store: object | None = None, notices: Notices | None = None) -> SinkEvents:
        usage_store = store or ClickHouseSink(self.store)
        return SinkEvents(self, usage_store, self, notices or self, now=self.now, new_id=new_id)  # type: ignore[arg-type] # any double

    def usage_ingested(
        self, usage: Iterable[tuple[str, str, str]], late: Iterable[LateUsage], notice_id: str, at: datetime
    ) -> None:
        self.notices.append((list(usage), notice_id, at))
        self.late += late

    def sink(self, *events: CloudEvent, ingested: datetime = T0) -> LogRecord:
        record = self.record(*events, ingested=ingested)
        self.sinks()([record])
        return record


class OwnRollups(ClickHouseRollups):
    """Only of one namespace: the store is shared by all tests, which leave more dirty hours than one run takes."""

    def __init__(self, house: House) -> None:
        super().__init__(house.store)
        self.house = house

    def dirty_hours(self, limit: int) -> list[DirtyHour]:
        found = [dirty for dirty in super().dirty_hours(1_000_000) if dirty.namespace == self.house.namespace]
        return found[:limit]


def call(event_id: str, value: object = 1, at: datetime = T0, subject: str = "alice", **data: object) -> CloudEvent:
    return CloudEvent(
        id=event_id,
        source="test",
        type="call",
        subject=subject,
        time=at,
        data=msgspec.Raw(msgspec.json.encode({"value": value, **data})),
    )
