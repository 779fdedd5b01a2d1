"""How far one event got: its writings, what was stored of it, and what each meter made of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from meterhouse.metering.extract import extract, parse_data

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from decimal import Decimal

    from meterhouse.metering.event import StoredEvent
    from meterhouse.metering.model import Meter


class Role(StrEnum):
    """What a writing is to its identity."""

    FIRST = "first"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class TracedWriting:
    """One writing of the identity, and its place in the log."""

    role: Role
    type: str
    subject: str
    time: datetime
    ingested_at: datetime
    partition: int
    offset: int
    position: int


@dataclass(frozen=True, slots=True)
class StoredValue:
    """What stands in the usage store for a meter; `texts` are what it tells apart."""

    value: Decimal
    texts: Sequence[str]
    counts: bool
    group_by: Mapping[str, str]


class Outcome(StrEnum):
    """What became of the event at a meter of its type that lived when it was accepted."""

    COUNTED = "counted"
    INVALID = "invalid"
    WAITING = "waiting"
    """The backfill of the meter has not come to it."""
    MISSING = "missing"
    """It should be counted, and is not: the audit rings for this."""
    EARLIER = "earlier"
    """The meter counts from a later time on."""


@dataclass(frozen=True, slots=True)
class TracedMeter:
    meter: Meter
    outcome: Outcome
    stored: StoredValue | None = None
    fault: str = ""


class Stage(StrEnum):
    """How far the event is, as a whole."""

    UNKNOWN = "unknown"
    """Nothing of it is stored, and the log holds nothing that is not stored."""
    PENDING = "pending"
    """Nothing of it is stored; it may be among what the log holds."""
    UNMATCHED = "unmatched"
    WAITING = "waiting"
    INVALID = "invalid"
    MISSING = "missing"
    COUNTED = "counted"


@dataclass(frozen=True, slots=True)
class Trace:
    """`is_cut`: there are more writings; `pending` counts records of the log, whosesoever, that are not stored yet."""

    stage: Stage
    writings: Sequence[TracedWriting] = ()
    is_cut: bool = False
    event: StoredEvent | None = None
    customer_id: str | None = None
    meters: Sequence[TracedMeter] = ()
    pending: int = 0


def traced_meter(
    meter: Meter, first: TracedWriting, data: str | None, stored: StoredValue | None, *, is_backfilled: bool
) -> TracedMeter:
    """What became of the event's first writing at a meter that asks for its type; no fault is told of `data` None."""
    if meter.event_from is not None and first.time < meter.event_from:
        return TracedMeter(meter, Outcome.EARLIER)
    if stored is None:
        return TracedMeter(meter, Outcome.MISSING if is_backfilled else Outcome.WAITING)
    if stored.counts:
        return TracedMeter(meter, Outcome.COUNTED, stored)
    if data is None:
        return TracedMeter(meter, Outcome.INVALID, stored)
    [fault] = extract(meter, [parse_data(data.encode())]).faults
    return TracedMeter(meter, Outcome.INVALID, stored, fault)


def stage_of(meters: Sequence[TracedMeter]) -> Stage:
    """What the meters come to: counted by one is counted, unless one that should has not."""
    outcomes = {one.outcome for one in meters}
    for stage in (Stage.MISSING, Stage.COUNTED, Stage.WAITING, Stage.INVALID):
        if Outcome(stage) in outcomes:
            return stage
    return Stage.UNMATCHED
