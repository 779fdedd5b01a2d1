"""The use case of the conservation report.

The order of the reads is what makes it true of a running system (docs/adr/0009-conservation.md): the sink's committed
offsets, the log's ends and all below them, the meters, and only then what is stored, in one reading.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from meterhouse.kernel.errors import NotFound, Unavailable
from meterhouse.kernel.period import Period

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from meterhouse.metering.conservation import HourAccount
    from meterhouse.metering.model import Meter
    from meterhouse.metering.sink import Meters
    from meterhouse.metering.witness import Witness

_AT_ONCE = timedelta(days=1)
_LEAST_SECONDS = 1.0
"""With less a statement is not begun."""
_TOO_LONG = "the report takes longer than a request may; ask for fewer hours, or again when less is going on"
_RETRY_SECONDS = 30


class SinkOffsets(Protocol):
    def stored(self) -> Mapping[int, int]:
        """Per partition the offset up to which the sink has stored or buried everything."""


class Backfills(Protocol):
    def is_backfilled(self, namespace: str, meter: Meter) -> bool:
        """Whether the meter has seen all events that were stored before it saw them."""


@dataclass(frozen=True, slots=True)
class Look:
    """Where the log stood, an offset a partition: `stored` was read first; the witness knows all below `ends`."""

    stored: Mapping[int, int]
    ends: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class AskedMeter:
    """A meter whose part is asked for; of a complete one every event that it asks for must have a value."""

    meter: Meter
    is_complete: bool


class Accounts(Protocol):
    def by_hour(
        self, namespace: str, period: Period, meters: Sequence[AskedMeter], look: Look, within: float | None = None
    ) -> list[HourAccount]:
        """The hours of acceptance in which anything is known, from one reading of all writings.

        Raises:
            Unavailable: the store did not answer, or not within so many seconds.
        """


class AccountForEvents:
    def __init__(
        self, sink: SinkOffsets, witness: Witness, meters: Meters, accounts: Accounts, backfills: Backfills
    ) -> None:
        self._sink = sink
        self._witness = witness
        self._meters = meters
        self._accounts = accounts
        self._backfills = backfills

    def look(self) -> Look:
        """Catch up with the log.

        Raises:
            Unavailable: a store did not answer, or so much is new that the next call has to go on.
        """
        stored = self._sink.stored()
        self._witness.dead()
        return Look(stored, self._witness.accepted())

    def __call__(
        self,
        namespace: str,
        period: Period,
        look: Look,
        meter_id: str | None = None,
        seconds_left: Callable[[], float] | None = None,
    ) -> list[HourAccount]:
        """Where the events accepted in whole hours are: as this one meter sees it, or as all of them do.

        Raises:
            Unavailable: a store did not answer, or there is not the time for so many hours.
        """
        meters = [
            AskedMeter(meter, self._backfills.is_backfilled(namespace, meter))
            for meter in self._meters.of(namespace, period.start)
            if meter_id in {None, meter.id}
        ]
        hours: list[HourAccount] = []
        start = period.start
        while start < period.end:
            part = Period(start, min(start + _AT_ONCE, period.end))
            hours += self._part(namespace, part, meters, look, seconds_left)
            start = part.end
        return hours

    def _part(
        self,
        namespace: str,
        part: Period,
        meters: Sequence[AskedMeter],
        look: Look,
        seconds_left: Callable[[], float] | None,
    ) -> list[HourAccount]:
        if seconds_left is None:
            return self._accounts.by_hour(namespace, part, meters, look)
        if (left := seconds_left()) >= _LEAST_SECONDS:
            try:
                return self._accounts.by_hour(namespace, part, meters, look, left)
            except Unavailable:
                if seconds_left() >= _LEAST_SECONDS:
                    raise
        raise Unavailable(_TOO_LONG, retry_after_seconds=_RETRY_SECONDS)

    def meter(self, namespace: str, id_or_slug: str) -> Meter:
        """The meter of this id, or the live one of this slug; `NotFound` otherwise."""
        for meter in self._meters.of(namespace):
            if meter.id == id_or_slug or (meter.slug == id_or_slug and meter.deleted_at is None):
                return meter
        raise NotFound("meter", id_or_slug)
