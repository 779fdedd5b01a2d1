"""The events behind a usage number: those that a query counts, each identity once, with what the meter read of it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple


class CountedPlace(NamedTuple):
    """Where an event stands among those that are counted, which come by subject, then by hour."""

    subject: str
    hour: datetime
    source: str
    id: str


@dataclass(frozen=True, slots=True)
class CountedEvent:
    """A counted event.

    Attributes:
        value: what it adds, or what it is compared by; None where the meter tells texts apart.
        texts: the texts that the meter tells apart.
        stored_at: when a sink took it: who read usage before could not see it.
    """

    place: CountedPlace
    time: datetime
    value: Decimal | None
    texts: tuple[str, ...]
    ingested_at: datetime
    stored_at: datetime
