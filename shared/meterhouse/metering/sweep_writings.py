"""Sweep: later writings of an identity that still count beside its first one, found before anything is invoiced.

The sink hides them by itself; this is the net under a sink that died before it did, and whose batch never came again.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Protocol

from meterhouse.metering.late_usage import late_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from meterhouse.metering.batch import EventKey
    from meterhouse.metering.sink import Meters, Notices

LEAST_SPAN = timedelta(days=32)
"""Of what is swept before a run: its own billing may begin periods that no line tells of yet."""
_KEYS_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Span:
    """Hours of usage in `[from_, to)`."""

    from_: datetime
    to: datetime


@dataclass(frozen=True, slots=True)
class LaterValue:
    """What a meter read of a later writing.

    Attributes:
        stands: it is not superseded.
        mark: what its hour is marked with once it is, the same at each sweep.
    """

    meter_id: str
    key: EventKey
    stands: bool
    mark: str


class Writings(Protocol):
    def later(self, namespace: str, span: Span) -> Iterator[EventKey]:
        """Keys of the span under which identities were written that were first written under another one."""

    def found(self, meter_ids: Sequence[str], keys: Sequence[EventKey], span: Span) -> list[LaterValue]:
        """What meters (by id) read under these keys, all of one namespace and type, and what is not yet dealt with.

        That is: which stands, or whose hour was never marked by a sweep.
        """

    def mark(self, values: Sequence[LaterValue]) -> None:
        """Mark their hours as changed."""


class Superseding(Protocol):
    def supersede(self, keys: Sequence[tuple[str, EventKey]], stored_at: datetime) -> None:
        """Hide the values of meters (by id) under these keys, but for writings earlier than the first known now."""


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
        store: Superseding,
        notices: Notices,
        *,
        now: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        """`meters` are all there ever were: the usage of deleted ones is still billed."""
        self._namespaces = namespaces
        self._meters = meters
        self._periods = periods
        self._writings = writings
        self._store = store
        self._notices = notices
        self._now = now
        self._new_id = new_id

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
        later = (key for key in self._writings.later(namespace, span) if key.type in meters)
        return sum(
            self._hide(self._writings.found(meters[event_type], of_type, span))
            for keys in _chunks(later)
            for event_type, of_type in _by_type(keys).items()
        )

    def _hide(self, values: Sequence[LaterValue]) -> int:
        if not values:
            return 0
        at = self._now()
        standing = [(value.meter_id, value.key) for value in values if value.stands]
        self._store.supersede(standing, at)
        # only now may the hours be computed anew; dying before this, the next sweep finds them not marked
        self._writings.mark(values)
        used = {(value.key.namespace, value.key.subject, value.meter_id) for value in values}
        late = late_keys(((value.meter_id, value.key) for value in values), at)
        self._notices.usage_ingested(sorted(used), late, self._new_id(), at)
        return len(standing)


def _chunks(keys: Iterator[EventKey]) -> Iterator[list[EventKey]]:
    while chunk := list(islice(keys, _KEYS_AT_ONCE)):
        yield chunk


def _by_type(keys: Iterable[EventKey]) -> dict[str, list[EventKey]]:
    by_type: dict[str, list[EventKey]] = defaultdict(list)
    for key in keys:
        by_type[key.type].append(key)
    return by_type
