"""The use case of listing events: as they were stored, with whose they are and what is wrong with them now."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from meterhouse.kernel.errors import InvalidInput, Problem
from meterhouse.metering.directory import Directory
from meterhouse.metering.event import StoredEvent, nearest_kept
from meterhouse.metering.filter import Filter

DEFAULT_SPAN = timedelta(hours=72)
MOST_BYTES = 6_000_000
"""Of the data of a page: a Lambda answers with 6 MB at the most."""
_LEFT_OUT = "data is left out: an answer does not hold it"


@dataclass(frozen=True, slots=True)
class EventPlace:
    """Where an event stands in the list, which goes back in time; `written` tells events of one instant apart."""

    time: datetime
    written: int


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Which events, at most `limit` and `most_bytes` of data, those that follow `after`; all given conditions hold.

    Attributes:
        attributes: conditions on id, source, subject and type.
        instants: conditions on time and ingested_at.
        subjects: only of these; None: of anyone.
    """

    limit: int
    from_: datetime | None = None
    to: datetime | None = None
    ingested_from: datetime | None = None
    ingested_to: datetime | None = None
    attributes: tuple[tuple[str, Filter], ...] = ()
    instants: tuple[tuple[str, Filter], ...] = ()
    subjects: tuple[str, ...] | None = None
    after: EventPlace | None = None
    most_bytes: int = MOST_BYTES


@dataclass(frozen=True, slots=True)
class ListedEvent:
    """A stored event in the list; `counts` is False for a later writing of an event whose first stands elsewhere."""

    stored: StoredEvent
    place: EventPlace
    counts: bool = True
    customer_id: str | None = None


@dataclass(frozen=True, slots=True)
class ListedPage:
    """`is_cut`: it ends before its limit, and not for want of events."""

    events: list[ListedEvent]
    is_cut: bool = False


class Events(Protocol):
    def page(self, namespace: str, query: EventQuery) -> ListedPage:
        """The latest events first; one whose data alone is too much is listed `without_data`."""


class ListEvents:
    def __init__(self, directory: Directory, events: Events, now: Callable[[], datetime]) -> None:
        self._directory = directory
        self._events = events
        self._now = now

    def recent(self, namespace: str, query: EventQuery, customer_ids: tuple[str, ...] | None) -> ListedPage:
        """As `__call__`; of the last 72 hours where neither `from_` nor `ingested_from` is given.

        Raises:
            InvalidInput: also where a period is empty.
        """
        _check_period("from", query.from_, query.to)
        _check_period("ingestedAtFrom", query.ingested_from, query.ingested_to)
        if query.from_ is None and query.ingested_from is None:
            query = replace(query, from_=nearest_kept(query.to or self._now()) - DEFAULT_SPAN)
        return self(namespace, query, customer_ids)

    def __call__(self, namespace: str, query: EventQuery, customer_ids: tuple[str, ...] | None) -> ListedPage:
        """The latest events first.

        Raises:
            InvalidInput: some customer is not known.
        """
        if customer_ids is not None:
            subjects = self._directory.subjects_of(namespace, customer_ids, "/customerId")
            query = replace(query, subjects=tuple(subjects))
        page = ListedPage([]) if query.subjects == () else self._events.page(namespace, query)
        if not page.events:
            return page
        customers = self._directory.customers_of(namespace, {one.stored.event.subject for one in page.events})
        types = self._directory.event_types(namespace)
        explained = [_explained(one, customers.get(one.stored.event.subject), types) for one in page.events]
        return replace(page, events=explained)


def without_data(one: ListedEvent) -> ListedEvent:
    fault = "; ".join(filter(None, (_LEFT_OUT, one.stored.validation_error)))
    event = replace(one.stored.event, data="")
    return replace(one, stored=replace(one.stored, event=event, validation_error=fault))


def _check_period(field: str, start: datetime | None, end: datetime | None) -> None:
    if start is not None and end is not None and start >= end:
        problem = Problem(f"query:{field}", "empty_period", f"{field} must be before its end")
        raise InvalidInput("the period is empty", [problem])


def _explained(one: ListedEvent, customer_id: str | None, types: set[str]) -> ListedEvent:
    event, faults = one.stored.event, [one.stored.validation_error or ""]
    if not one.counts:
        faults.append("not counted: the event was first written with another time, subject or type")
    if event.type not in types:
        faults.append(f"no meter found for event type: {event.type}")
    if customer_id is None:
        faults.append(f"no customer found for event subject: {event.subject}")
    fault = "; ".join(filter(None, faults)) or None
    return replace(one, stored=replace(one.stored, validation_error=fault), customer_id=customer_id)
