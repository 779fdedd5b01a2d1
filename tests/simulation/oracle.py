"""What the numbers must be: a dict of first writings, made of what the log holds and of what landed."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import zstandard

from meterhouse.metering.model import Meter
from meterhouse.metering.sink import LogRecord
from tests.simulation.chance import EPOCH
from tests.simulation.columns.parts import Part
from tests.unit.metering.poison import POISON

Place = tuple[int, int, int]
"""Partition, offset, position."""
Identity = tuple[str, str]
_HOUR = timedelta(hours=1)
_POISON = frozenset(POISON.values())


@dataclass(frozen=True)
class Writing:
    """An event where it stands in the log."""

    place: Place
    ingested: datetime
    identity: Identity
    type: str
    subject: str
    time: datetime
    data: Mapping[str, Any]

    @property
    def key(self) -> tuple[str, str, int]:
        return self.type, self.subject, (self.time - EPOCH) // _HOUR

    def value(self) -> Decimal | None:
        """What numeric meters read; None where they cannot."""
        text = self.data.get("value", "NaN")
        return None if text == "NaN" else Decimal(text)


def read_record(record: LogRecord) -> Iterator[Writing]:
    """The events of a record, nothing where it is poison."""
    if record.value is None or record.value in _POISON:
        return
    document = json.loads(zstandard.decompress(record.value))
    for position, event in enumerate(document["events"]):
        at = datetime.fromisoformat(event.get("time") or document["ingestedAt"])
        identity = event["source"], event["id"]
        place = record.partition, record.offset, position
        ingested = datetime.fromisoformat(document["ingestedAt"])
        yield Writing(place, ingested, identity, event["type"], event["subject"], at, event["data"])


@dataclass(eq=False)
class Attempt:
    """A sink's run over some records.

    Attributes:
        told: which meters there were, at each of its look-ups.
        at_landing: which meters there had ever been when its events had landed.
    """

    records: frozenset[tuple[int, int]]
    told: list[Sequence[Meter]] = field(default_factory=list)
    at_landing: Sequence[Meter] = ()
    is_done: bool = False


@dataclass
class Oracle:
    """Which writing of each identity counts.

    `sees_all`: whether a meter sees the events that were stored before its creation.
    """

    meters: Callable[[], Sequence[Meter]]
    sees_all: bool = False
    writings: dict[Place, Writing] = field(default_factory=dict)
    stored: set[Place] = field(default_factory=set)
    attempts: list[Attempt] = field(default_factory=list)
    _writers: dict[int, tuple[Part, Attempt]] = field(default_factory=dict)

    def appended(self, record: LogRecord) -> None:
        self.writings |= {writing.place: writing for writing in read_record(record)}

    def writes(self, attempt: Attempt, parts: Iterable[Part]) -> None:
        for part in parts:
            self._writers[id(part)] = part, attempt

    def landed(self, part: Part) -> None:
        if part.table.name != "event_writings":
            return
        attempt = self._writers[id(part)][1]
        attempt.at_landing = self.meters()
        self.stored |= {(row["partition"], row["offset"], row["position"]) for row in part.rows}

    @staticmethod
    def order(writing: Writing) -> tuple[int, ...]:
        return (writing.ingested - EPOCH) // timedelta(milliseconds=1), *writing.place

    def by_identity(self) -> dict[Identity, list[Writing]]:
        """The writings that are stored, in their order."""
        found: dict[Identity, list[Writing]] = {}
        for writing in sorted((self.writings[place] for place in self.stored), key=self.order):
            found.setdefault(writing.identity, []).append(writing)
        return found

    def counted(self, meter: Meter) -> list[Writing]:
        """The one writing of each identity that the meter counts, where it counts one."""
        firsts = (self._first(meter, writings) for writings in self.by_identity().values())
        return [first for first in firsts if first is not None and _reads(meter, first)]

    def _first(self, meter: Meter, writings: Sequence[Writing]) -> Writing | None:
        key = writings[0].key
        seen = [writing for writing in writings if writing.key == key and self._must_see(meter, writing)]
        return seen[0] if seen and key[0] == meter.event_type else None

    def _must_see(self, meter: Meter, writing: Writing) -> bool:
        is_in_time = meter.deleted_at is None or writing.ingested < meter.deleted_at
        return is_in_time and (
            self.sees_all or any(_has(attempt.at_landing, meter) for attempt in self._of(writing) if attempt.is_done)
        )

    def is_sure(self, meter: Meter) -> bool:
        """Whether nothing of the meter's numbers hangs on when it was created, changed or deleted."""
        return all(
            self._must_see(meter, writing) or not self._may_see(meter, writing)
            for writing in self.writings.values()
            if writing.place in self.stored
        )

    def _may_see(self, meter: Meter, writing: Writing) -> bool:
        """Whether some sink was told of the meter as one that reads the writing: clocks run apart."""
        told = (one for attempt in self._of(writing) for meters in attempt.told for one in meters if one.id == meter.id)
        return any(one.deleted_at is None or writing.ingested < one.deleted_at for one in told)

    def as_read(self, meter: Meter, writing: Writing) -> Writing:
        """As the latest reading of the meter among those that wrote values has it: an earlier one knows no tier."""
        data = {name: value for name, value in writing.data.items() if name != "tier" or self._revision(meter, writing)}
        return replace(writing, data=data)

    def is_sure_of_tiers(self, meter: Meter) -> bool:
        """Whether no reading by a later revision may have been written, or not."""
        return all(
            self._revision(meter, writing) == self._revision(meter, writing, may_be=True)
            for writing in self.writings.values()
            if writing.place in self.stored
        )

    def _revision(self, meter: Meter, writing: Writing, *, may_be: bool = False) -> int:
        """The latest revision that a sink read the writing by; its second look at the meters is what it reads by."""
        looks = (attempt.told[1] for attempt in self._of(writing) if len(attempt.told) > 1)
        done = (attempt.told[:2][-1] for attempt in self._of(writing) if attempt.is_done)
        told = (one.revision for meters in (looks if may_be else done) for one in meters if one.id == meter.id)
        return max(told, default=0)

    def _of(self, writing: Writing) -> list[Attempt]:
        return [attempt for attempt in self.attempts if writing.place[:2] in attempt.records]


def _has(meters: Sequence[Meter], meter: Meter) -> bool:
    return any(one.id == meter.id for one in meters)


def _reads(meter: Meter, writing: Writing) -> bool:
    if meter.value_property is None:
        return True
    return writing.value() is not None if meter.aggregation.reads_number else "user" in writing.data
