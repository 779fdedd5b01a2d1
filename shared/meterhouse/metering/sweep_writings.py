"""Sweep: later writings of an identity that still count beside its first one, found before anything is invoiced.

The sink hides them by itself; this is the net under a sink that died before it did, and whose batch never came again.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Protocol

from meterhouse.metering.batch import EventKey
from meterhouse.metering.sink import Meters, MeterValueWriter

LEAST_SPAN = timedelta(days=32)
"""Of what is swept before a run: its own billing may begin periods that no line tells of yet."""
_KEYS_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Span:
    """Hours of usage in `[from_, to)`."""

    from_: datetime
    to: datetime


class Writings(Protocol):
    def later(self, namespace: str, span: Span) -> Iterator[EventKey]:
        """Keys of the span under which identities were written that were first written under another one."""

    def standing(self, meter_ids: Sequence[str], keys: Sequence[EventKey], span: Span) -> list[tuple[str, EventKey]]:
        """The meters (by id) whose values under these keys, all of one namespace and type, are not superseded."""


class OpenPeriods(Protocol):
    """What is not invoiced yet; a room above answers."""

    def earliest(self, namespace: str) -> datetime | None:
        """When the earliest open period began."""


class SweepWritings:
    def __init__(
        self,
        namespaces: Callable[[], Sequence[str]],
        meters: Meters,
        periods: OpenPeriods,
        writings: Writings,
        write: MeterValueWriter,
        *,
        now: Callable[[], datetime],
    ) -> None:
        """`meters` are all there ever were: the usage of deleted ones is still billed."""
        self._namespaces = namespaces
        self._meters = meters
        self._periods = periods
        self._writings = writings
        self._write = write
        self._now = now

    def __call__(self, as_of: datetime) -> int:
        """Hide what is found in periods open before `as_of`; how many values. Again, there are none.

        Raises:
            Unavailable: a store did not answer; all may be repeated.
        """
        return sum(self._sweep(namespace, as_of) for namespace in self._namespaces())

    def _sweep(self, namespace: str, as_of: datetime) -> int:
        earliest = self._periods.earliest(namespace) or as_of
        span = Span(min(earliest, as_of - LEAST_SPAN), as_of)
        meters: dict[str, list[str]] = defaultdict(list)
        for meter in self._meters.of(namespace):
            meters[meter.event_type].append(meter.id)
        hidden = 0
        for keys in _chunks(key for key in self._writings.later(namespace, span) if key.type in meters):
            for event_type, of_type in _by_type(keys).items():
                if standing := self._writings.standing(meters[event_type], of_type, span):
                    self._write.hide(standing, self._now())
                    hidden += len(standing)
        return hidden


def _chunks(keys: Iterator[EventKey]) -> Iterator[list[EventKey]]:
    while chunk := list(islice(keys, _KEYS_AT_ONCE)):
        yield chunk


def _by_type(keys: Iterable[EventKey]) -> dict[str, list[EventKey]]:
    by_type: dict[str, list[EventKey]] = defaultdict(list)
    for key in keys:
        by_type[key.type].append(key)
    return by_type
