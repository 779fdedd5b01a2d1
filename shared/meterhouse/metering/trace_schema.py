"""The trace of an event on the wire."""

from pydantic import Field

from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.trace import Outcome, Role, Stage, Trace, TracedMeter, TracedWriting
from meterhouse.platform.wire import Instant, Numeric, Ulid, Wire


class TracedWritingWire(Wire):
    """A writing of the event's identity; the first one counts. `partition`, `offset` and `position` are its place."""

    role: Role
    type: str
    subject: str
    time: Instant
    ingested_at: Instant
    partition: int
    offset: int
    position: int


class TracedMeterWire(Wire):
    """What a meter of the event's type made of it; `value` is what it read, `texts` what it tells apart."""

    id: Ulid
    slug: str
    name: str
    aggregation: Aggregation
    outcome: Outcome
    value: Numeric | None = None
    texts: list[str] | None = None
    group_by: dict[str, str] | None = None
    fault: str | None = None


class EventTrace(Wire):
    """How far an event got.

    `data` is what the first writing told, as it stands; absent where the retention let it go.
    """

    source: str
    id: str
    stage: Stage
    pending_records: int = Field(description="Of the whole log: accepted and not stored yet")
    writings: list[TracedWritingWire]
    has_more_writings: bool
    data: str | None = None
    stored_at: Instant | None = None
    validation_error: str | None = None
    customer_id: Ulid | None = None
    meters: list[TracedMeterWire]


def trace_wire(source: str, event_id: str, trace: Trace) -> EventTrace:
    stored = trace.event
    return EventTrace(
        source=source,
        id=event_id,
        stage=trace.stage,
        pending_records=trace.pending,
        writings=list(map(_writing, trace.writings)),
        has_more_writings=trace.is_cut,
        data=None if stored is None else stored.event.data,
        stored_at=None if stored is None else stored.stored_at,
        validation_error=None if stored is None else stored.validation_error,
        customer_id=trace.customer_id,
        meters=list(map(_meter, trace.meters)),
    )


def _writing(one: TracedWriting) -> TracedWritingWire:
    return TracedWritingWire(**{name: getattr(one, name) for name in TracedWritingWire.model_fields})


def _meter(one: TracedMeter) -> TracedMeterWire:
    meter, stored = one.meter, one.stored if one.outcome is Outcome.COUNTED else None
    return TracedMeterWire(
        id=meter.id,
        slug=meter.slug,
        name=meter.name,
        aggregation=meter.aggregation,
        outcome=one.outcome,
        value=stored.value if stored and not stored.texts else None,
        texts=list(stored.texts) if stored and stored.texts else None,
        group_by=dict(stored.group_by) if stored else None,
        fault=one.fault or None,
    )
