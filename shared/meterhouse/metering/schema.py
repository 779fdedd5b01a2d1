"""Meters on the wire, to the contract."""

from typing import Annotated

from pydantic import StringConstraints

from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.backfill import Backfill, BackfillStatus
from meterhouse.metering.model import Meter, MeterChange, MeterSpec
from meterhouse.platform.wire import Description, Instant, Key, Metadata, Name, Resource, Ulid, Wire

Text = Annotated[str, StringConstraints(min_length=1, max_length=1024, pattern=r"^[^\x00]+$")]
Slug = Key
_FIXED = ("slug", "aggregation", "event_type", "event_from", "value_property")


class MeterCreate(Wire):
    slug: Slug
    aggregation: Aggregation
    event_type: Text
    name: Name | None = None
    description: Description | None = None
    event_from: Instant | None = None
    value_property: Text | None = None
    group_by: dict[Text, Text] | None = None
    metadata: Metadata | None = None

    def spec(self) -> MeterSpec:
        """The slug stands in for a name that was not given."""
        return MeterSpec(
            slug=self.slug,
            aggregation=self.aggregation,
            event_type=self.event_type,
            name=self.name or self.slug,
            value_property=self.value_property,
            group_by=self.group_by or {},
            event_from=self.event_from,
            description=self.description,
            metadata=self.metadata or {},
        )


class MeterUpdate(Wire):
    """What changes, and what never does: the latter may be repeated by a caller that sends back what it read."""

    name: Name | None = None
    description: Description | None = None
    group_by: dict[Text, Text] | None = None
    metadata: Metadata | None = None
    slug: Slug | None = None
    aggregation: Aggregation | None = None
    event_type: Text | None = None
    event_from: Instant | None = None
    value_property: Text | None = None

    def change(self) -> MeterChange:
        named = {name: getattr(self, name) for name in _FIXED if name in self.model_fields_set}
        return MeterChange(self.name, self.description, self.group_by, self.metadata, named)


class MeterWire(Resource):
    slug: str
    name: str
    description: str | None = None
    aggregation: Aggregation
    event_type: str
    event_from: Instant | None = None
    value_property: str | None = None
    group_by: dict[str, str]
    metadata: dict[str, str]


def meter_wire(meter: Meter) -> MeterWire:
    return MeterWire(
        id=meter.id,
        slug=meter.slug,
        name=meter.name,
        description=meter.description,
        aggregation=meter.aggregation,
        event_type=meter.event_type,
        event_from=meter.event_from,
        value_property=meter.value_property,
        group_by=dict(meter.group_by),
        metadata=dict(meter.metadata),
        created_at=meter.created_at,
        updated_at=meter.updated_at,
        deleted_at=meter.deleted_at,
    )


class MeterBackfillWire(Wire):
    """How far the events stored before a meter, or before it was given another group-by, are read."""

    meter_id: Ulid
    status: BackfillStatus
    read_events: int
    total_events: int
    started_at: Instant | None = None
    finished_at: Instant | None = None


def backfill_wire(backfill: Backfill) -> MeterBackfillWire:
    return MeterBackfillWire(
        meter_id=backfill.meter_id,
        status=backfill.status,
        read_events=backfill.read_events,
        total_events=backfill.total_events,
        started_at=backfill.started_at,
        finished_at=backfill.finished_at,
    )
