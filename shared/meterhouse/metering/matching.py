"""Which meters read which events of a batch, and what they read."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from meterhouse.metering.batch import EventBatch, microseconds
from meterhouse.metering.extract import MeterValues, extract, parse_data
from meterhouse.metering.model import Meter

Matching = dict[tuple[str, str], list[Meter]]
"""Meters by namespace and event type."""


@dataclass(frozen=True, slots=True)
class MeterReading:
    """What a meter reads of the batch's events at `rows`, in that order."""

    namespace: str
    meter: Meter
    rows: Sequence[int]
    values: MeterValues


def match(meters_of: Callable[[str], Sequence[Meter]], namespaces: Iterable[str]) -> Matching:
    """The meters of these namespaces, as of now."""
    found: Matching = defaultdict(list)
    for namespace in sorted(set(namespaces)):
        for meter in meters_of(namespace):
            found[namespace, meter.event_type].append(meter)
    return found


def read_batch(batch: EventBatch, matching: Matching) -> list[MeterReading]:
    """What all meters read of the batch; data is parsed once an event, and only where a meter matches."""
    readings: list[MeterReading] = []
    for (namespace, event_type), rows in _by_type(batch).items():
        meters = matching.get((namespace, event_type))
        if meters:
            documents = [parse_data(bytes(batch.events[row].data)) for row in rows]
            readings += [_read(meter, namespace, batch, rows, documents) for meter in meters]
    return [reading for reading in readings if reading.rows]


def _read(
    meter: Meter, namespace: str, batch: EventBatch, rows: Sequence[int], documents: list[object]
) -> MeterReading:
    """What the meter reads of the events accepted before it was deleted."""
    if meter.deleted_at is not None:
        until = microseconds(meter.deleted_at)
        documents = [document for row, document in zip(rows, documents, strict=True) if batch.ingested[row] < until]
        rows = [row for row in rows if batch.ingested[row] < until]
    return MeterReading(namespace, meter, rows, extract(meter, documents))


def faults_of(batch: EventBatch, readings: Iterable[MeterReading]) -> list[str]:
    """For each event why meters cannot read it; "" when all that match can."""
    faults = [""] * len(batch)
    for reading in readings:
        if any(reading.values.faults):
            for row, fault in zip(reading.rows, reading.values.faults, strict=True):
                faults[row] = "; ".join(filter(None, (faults[row], fault)))
    return faults


def _by_type(batch: EventBatch) -> dict[tuple[str, str], list[int]]:
    rows: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row, (namespace, event) in enumerate(zip(batch.namespaces, batch.events, strict=True)):
        rows[namespace, event.type].append(row)
    return rows
