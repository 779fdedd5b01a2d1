"""Which meters read which events of a batch, and what they read."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from meterhouse.metering.batch import EventBatch
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
            readings += [MeterReading(namespace, meter, rows, extract(meter, documents)) for meter in meters]
    return readings


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
