"""Usage events: what a producer sent, and what came of it."""

from dataclasses import dataclass
from datetime import UTC, datetime

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
"""Times are in [EARLIEST, LATEST): what the usage store's hours can hold, and nobody's slip of the pen."""

COUNT_HEADER = "events"
"""The header of a record that says how many events it holds: ingest writes it, and no one else."""


def nearest_kept(at: datetime) -> datetime:
    """The instant, or the nearest one within those years: calendars and clocks end soon behind them."""
    return min(max(at, EARLIEST), LATEST)


@dataclass(frozen=True, slots=True)
class UsageEvent:
    """A CloudEvent as it was accepted. Its identity is (namespace, source, id).

    Attributes:
        time: when the usage occurred; the ingest instant where none was given.
        data: the JSON object as the producer wrote it; "" where there was none.
    """

    id: str
    source: str
    type: str
    subject: str
    time: datetime
    data: str
    datacontenttype: str | None = None
    dataschema: str | None = None


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as it is listed.

    Attributes:
        ingested_at: when the request that brought it was accepted.
        stored_at: when the usage store took it.
        validation_error: why a meter cannot read it; None: all that match can.
    """

    event: UsageEvent
    ingested_at: datetime
    stored_at: datetime
    validation_error: str | None = None
