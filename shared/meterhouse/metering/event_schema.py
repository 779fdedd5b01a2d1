"""Listed events on the wire, to the contract."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from msgspec import Raw

from meterhouse.kernel.errors import InvalidInput, Problem
from meterhouse.metering.cursor import unknown_cursor
from meterhouse.metering.filter import Filter
from meterhouse.metering.filter_schema import FilterId, FilterInstant, FilterText
from meterhouse.metering.list_events import EventPlace, ListedEvent, without_data
from meterhouse.platform.http import LARGEST_ANSWER, answer_size
from meterhouse.platform.wire import Instant, Ulid, Wire

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LARGEST_PAGE = LARGEST_ANSWER - 10_000
"""What stands around the events of a page is less than the rest."""


class EventWire(Wire):
    id: str
    source: str
    specversion: str = "1.0"
    type: str
    subject: str
    time: Instant
    datacontenttype: str | None = None
    dataschema: str | None = None
    data: dict[str, Any] | None = None


class IngestedEvent(Wire):
    event: EventWire
    customer_id: Ulid | None = None
    validation_error: str | None = None
    ingested_at: Instant
    stored_at: Instant


class IngestedEventPage(Wire):
    items: list[IngestedEvent]
    next_cursor: str | None = None


class EventFilter(Wire):
    """The `filter` of the cursor list, JSON in a query parameter."""

    id: FilterText | None = None
    source: FilterText | None = None
    subject: FilterText | None = None
    type: FilterText | None = None
    customer_id: FilterId | None = None
    time: FilterInstant | None = None
    ingested_at: FilterInstant | None = None

    def attributes(self) -> tuple[tuple[str, Filter], ...]:
        given = {"id": self.id, "source": self.source, "subject": self.subject, "type": self.type}
        return tuple((name, wanted.filter()) for name, wanted in given.items() if wanted is not None)

    def instants(self) -> tuple[tuple[str, Filter], ...]:
        given = {"time": self.time, "ingested_at": self.ingested_at}
        return tuple((name, wanted.filter()) for name, wanted in given.items() if wanted is not None)


def fitting(listed: Iterable[ListedEvent]) -> list[str]:
    """As many of the events as fit an answer, in JSON; the first, if need be, without its data."""
    found: list[str] = []
    size = 0
    for one in listed:
        text = event_json(one)
        if answer_size(text) > _LARGEST_PAGE:
            text = event_json(without_data(one))
        size += answer_size(text)
        if found and size > _LARGEST_PAGE:
            break
        found.append(text)
    return found


def event_json(listed: ListedEvent) -> str:
    """An `IngestedEvent`, its data in the characters it came in: no decoder holds each number that may stand there."""
    document = _event_wire(listed).model_dump(mode="json", by_alias=True)
    if data := listed.stored.event.data:
        document["event"]["data"] = Raw(data.encode())
    return msgspec.json.encode(document).decode()


def _event_wire(listed: ListedEvent) -> IngestedEvent:
    stored, event = listed.stored, listed.stored.event
    return IngestedEvent(
        event=EventWire(
            id=event.id,
            source=event.source,
            type=event.type,
            subject=event.subject,
            time=event.time,
            datacontenttype=event.datacontenttype,
            dataschema=event.dataschema,
        ),
        customer_id=listed.customer_id,
        validation_error=stored.validation_error,
        ingested_at=stored.ingested_at,
        stored_at=stored.stored_at,
    )


def encode_cursor(place: EventPlace) -> str:
    return urlsafe_b64encode(f"{(place.time - _EPOCH) // _MICROSECOND}:{place.written}".encode()).decode()


def decode_cursor(text: str) -> EventPlace:
    """The place a cursor stands for; `InvalidInput` when it is none of ours."""
    try:
        time, written = map(int, urlsafe_b64decode(text.encode()).decode().split(":"))
        place = EventPlace(_EPOCH + time * _MICROSECOND, written)
    except (ValueError, OverflowError):
        raise unknown_cursor() from None
    if not 0 <= written < 1 << 128:
        raise unknown_cursor()
    return place


def problems_of(faults: list[Any], where: str) -> InvalidInput:
    """Pydantic's faults in a document that stood in a query parameter."""
    found = [Problem("/".join([where, *map(str, fault["loc"])]), fault["type"], fault["msg"]) for fault in faults]
    return InvalidInput(f"{len(found)} fault(s) in the request", found)
