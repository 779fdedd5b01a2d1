"""Late usage: what was stored so long after it occurred that something may have been made of the usage before it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from meterhouse.metering.batch import EventBatch, EventKey, microseconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from meterhouse.metering.matching import MeterReading

LATE_AFTER = timedelta(minutes=30)
"""From here on usage is late. Whoever keeps what it made of usage keeps nothing of the last hour: between the two lie
the longest run of a writer and any difference of clocks."""
_SECOND = 1_000_000
_HOUR = 3_600 * _SECOND


class LateUsage(NamedTuple):
    """A meter's usage of a subject changed in the hour that begins at `earliest` (microseconds), and perhaps later.

    Hours, since a writing may take the place of another one of the same hour.
    """

    namespace: str
    meter_id: str
    subject: str
    earliest: int


class LateMark(NamedTuple):
    """Usage of a meter and subject from `earliest` on was stored, or taken back, up to `marked_at`."""

    meter_id: str
    subject: str
    earliest: datetime
    marked_at: datetime


def late_usage(
    batch: EventBatch, readings: Sequence[MeterReading], superseded: Iterable[tuple[str, EventKey]], at: datetime
) -> list[LateUsage]:
    """What is late of a batch that was taken at `at`, and of the writings (meter id, key) it superseded."""
    limit = microseconds(at - LATE_AFTER)
    found: dict[tuple[str, str, str], int] = {}
    # one look at all instants spares nearly every batch the look at each
    if min(batch.times, default=limit) < limit:
        for reading in readings:
            for row in reading.rows:
                if batch.times[row] < limit:
                    _note(found, (reading.namespace, reading.meter.id, batch.events[row].subject), batch.times[row])
    for meter_id, key in superseded:
        _note(found, (key.namespace, meter_id, key.subject), key.hour * _SECOND)
    return _listed(found, limit)


def late_keys(keys: Iterable[tuple[str, EventKey]], at: datetime) -> list[LateUsage]:
    """What is late of the writings (meter id, key) superseded at `at`."""
    return late_usage(EventBatch(), (), keys, at)


def _note(found: dict[tuple[str, str, str], int], whose: tuple[str, str, str], time: int) -> None:
    hour = time - time % _HOUR
    found[whose] = min(found.get(whose, hour), hour)


def _listed(found: dict[tuple[str, str, str], int], limit: int) -> list[LateUsage]:
    return sorted(LateUsage(*whose, earliest) for whose, earliest in found.items() if earliest < limit)
