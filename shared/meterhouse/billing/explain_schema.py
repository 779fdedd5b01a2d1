"""How a line came about, on the wire; the contract has nothing like it."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from typing import Any

from meterhouse.billing.explain_line import Explained, Measured
from meterhouse.billing.invoice import Line
from meterhouse.billing.invoice_schema import LineWire
from meterhouse.billing.invoice_wire import line_to_wire, period_to_wire
from meterhouse.billing.reading import Reading
from meterhouse.billing.verification import hash_of
from meterhouse.catalog.price import UnitPrice
from meterhouse.kernel.instant import format_rfc3339, parse_rfc3339
from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.counted_events import CountedEvent, CountedPlace
from meterhouse.metering.cursor import unknown_cursor
from meterhouse.platform.http import decode_json
from meterhouse.platform.wire import CustomCurrencyCode, Instant, Numeric, PeriodWire, Ulid, Wire
from meterhouse.rating.trace import is_genuine


class PlanVersion(Wire):
    id: Ulid
    key: str
    version: int


class PriceVersion(Wire):
    """Where the price comes from. `item` is the subscription's item with its version; a line by hand is its own."""

    item: str
    managed_by: str
    plan: PlanVersion | None = None


class ArithmeticWire(Wire):
    """`trace` is as it was hashed; `isGenuine`: it still has its hash."""

    hash: str
    is_genuine: bool
    trace: dict[str, Any]


class AskedMeter(Wire):
    id: Ulid
    slug: str
    event_type: str
    aggregation: Aggregation
    value_property: str | None = None
    event_from: Instant | None = None
    revision: int


class AskedFeature(Wire):
    id: Ulid
    key: str


class MeterQueryWire(Wire):
    """What is asked of the meter. `groupBy` are the paths of the keys that `filters` read.

    Of usage that is billed in parts `period` is the whole up to the furthest part: what came to the line's quantity and
    that of the others before it.
    """

    meter: AskedMeter
    feature: AskedFeature
    period: PeriodWire
    subjects: list[str]
    filters: dict[str, dict[str, Any]]
    group_by: dict[str, str]


class UsageSnapshot(Wire):
    """What was read, and when; a flat price has the quantity of one, which nobody read.

    `quantityBefore`: what other parts of the same period had charged by then.
    """

    quantity: Numeric | None = None
    quantity_before: Numeric | None = None
    read_at: Instant | None = None


class EventBehind(Wire):
    """`counted`: the line charges for it. One that was stored after usage was read is late; others are on another part.

    Which part has it follows from when usage was read last for each.
    """

    source: str
    id: str
    subject: str
    time: Instant
    value: Numeric | None = None
    texts: list[str] | None = None
    ingested_at: Instant
    stored_at: Instant
    counted: bool


class EventsBehind(Wire):
    items: list[EventBehind]
    next_cursor: str | None = None


class CostBasisWire(Wire):
    """What a unit is worth: `rate` in the currency of the invoice, in force since `effectiveFrom`."""

    id: Ulid
    rate: Numeric
    effective_from: Instant


class UnitsWire(Wire):
    """Where an overage comes from: `charged` units of the custom currency, less what `credit` bore, are its `units`."""

    line_id: Ulid
    key: str
    currency: CustomCurrencyCode
    charged: Numeric
    credit: Numeric
    units: Numeric
    cost_basis: CostBasisWire | None = None
    arithmetic: ArithmeticWire


class LineExplanation(Wire):
    """`units`: of what credit left of a line in a custom currency, where usage and events are those of that line."""

    line: LineWire
    price_version: PriceVersion
    arithmetic: ArithmeticWire
    units: UnitsWire | None = None
    usage: UsageSnapshot
    meter_query: MeterQueryWire | None = None
    events: EventsBehind | None = None


def explanation_to_wire(explained: Explained) -> LineExplanation:
    line, measured, plan = explained.line, explained.measured, explained.plan
    read = explained.units or line
    trace: dict[str, Any] = dict(line.trace or {})
    version = str(trace["inputs"].get("price_version") or line.key)
    return LineExplanation(
        line=line_to_wire(explained.invoice, line),
        price_version=PriceVersion(
            item=version,
            managed_by=line.managed_by.value,
            plan=None if plan is None else PlanVersion(id=plan.id, key=plan.key, version=plan.version),
        ),
        arithmetic=_arithmetic(line),
        units=_units(explained),
        usage=UsageSnapshot(
            quantity=read.quantity,
            quantity_before=read.quantity_before if read.whole_period else None,
            read_at=_read_at(explained),
        ),
        meter_query=None if measured is None else _query(measured),
        events=None if measured is None else _events(measured),
    )


def _read_at(explained: Explained) -> datetime | None:
    """When usage was read; units are charged to credit at once when they are."""
    if explained.units is not None:
        return explained.units.updated_at if explained.units.is_metered else None
    return explained.invoice.quantity_snapshotted_at if explained.line.is_metered else None


def _arithmetic(line: Line) -> ArithmeticWire:
    trace: dict[str, Any] = dict(line.trace or {})
    return ArithmeticWire(hash=hash_of(line), is_genuine=is_genuine(trace), trace=trace)


def _units(explained: Explained) -> UnitsWire | None:
    overage, units, price = explained.line.overage, explained.units, explained.line.rate_card.price
    if overage is None or units is None:
        return None
    worth = None
    if isinstance(price, UnitPrice) and overage.cost_basis_id and overage.effective_from:
        worth = CostBasisWire(id=overage.cost_basis_id, rate=price.amount, effective_from=overage.effective_from)
    return UnitsWire(
        line_id=units.id,
        key=units.key,
        currency=overage.currency,
        charged=units.totals.charged,
        credit=units.totals.credits_total,
        units=overage.units,
        cost_basis=worth,
        arithmetic=_arithmetic(units),
    )


def encode_place(place: CountedPlace) -> str:
    parts = [place.subject, format_rfc3339(place.hour), place.source, place.id]
    return urlsafe_b64encode(json.dumps(parts).encode()).decode()


def decode_place(text: str) -> CountedPlace:
    """The place a cursor stands for; `InvalidInput` when it is none of ours."""
    try:
        match decode_json(urlsafe_b64decode(text.encode()).decode()):
            case [str(subject), str(hour), str(source), str(event_id)]:
                place = CountedPlace(subject, parse_rfc3339(hour), source, event_id)
            case _:
                raise unknown_cursor()
    except ValueError:
        raise unknown_cursor() from None
    if encode_place(place) != text:
        raise unknown_cursor()
    return place


def _query(measured: Measured) -> MeterQueryWire:
    meter, feature, query = measured.query.meter, measured.feature, measured.query
    filters = {key: dict(condition) for key, condition in feature.spec.filters.items() if condition}
    return MeterQueryWire(
        meter=AskedMeter(
            id=meter.id,
            slug=meter.slug,
            event_type=meter.event_type,
            aggregation=meter.aggregation,
            value_property=meter.value_property,
            event_from=meter.event_from,
            revision=meter.revision,
        ),
        feature=AskedFeature(id=feature.id, key=feature.key),
        period=period_to_wire(measured.reading.period),
        subjects=list(query.subjects or ()),
        filters=filters,
        group_by={key: path for key, path in meter.group_by.items() if key in filters},
    )


def _events(measured: Measured) -> EventsBehind:
    return EventsBehind(
        items=[_event(measured.reading, event) for event in measured.events],
        next_cursor=encode_place(measured.events[-1].place) if measured.is_cut else None,
    )


def _event(reading: Reading, event: CountedEvent) -> EventBehind:
    return EventBehind(
        source=event.place.source,
        id=event.place.id,
        subject=event.place.subject,
        time=event.time,
        value=event.value,
        texts=list(event.texts) or None,
        ingested_at=event.ingested_at,
        stored_at=event.stored_at,
        counted=reading.counts(event),
    )
