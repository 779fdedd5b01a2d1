"""The use cases of dead letters: list, show, replay. A namespace sees those whose records carry its name as key."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from meterhouse.kernel.errors import NotFound
from meterhouse.metering.witness import Witness, namespace_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from meterhouse.metering.sink import LogRecord
    from meterhouse.platform.work import Begin

_ID = re.compile(r"(\d{1,5})-(\d{1,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A dead letter by its place in the dead-letter topic, and the record it holds by its place in `topic`.

    Attributes:
        dead_at: when it was buried.
        bytes: the size of the record's value.
        replayed_at: when the record was first put onto the events topic again.
    """

    letter_partition: int
    letter_offset: int
    topic: str
    partition: int
    offset: int
    reason: str
    dead_at: datetime
    bytes: int
    replayed_at: datetime | None = None

    @property
    def id(self) -> str:
        return f"{self.letter_partition}-{self.letter_offset}"


@dataclass(frozen=True, slots=True)
class LetterPlace:
    """Where a letter stands in the list, which goes back in time."""

    dead_at: datetime
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class OpenedLetter:
    letter: DeadLetter
    record: LogRecord


class Letters(Protocol):
    def page(self, namespace: str, limit: int, after: LetterPlace | None) -> list[DeadLetter]:
        """The latest first, at most `limit`, those that follow `after`."""

    def find(self, namespace: str, partition: int, offset: int) -> DeadLetter | None:
        """The latest at this place of the dead-letter topic; a broker that was reset uses places anew."""


class Replays(Protocol):
    """Of one namespace, in a transaction."""

    def of(self, letters: list[DeadLetter]) -> Mapping[str, datetime]:
        """When each was replayed, by id; those that were not are left out."""

    def add(self, letter: DeadLetter, at: datetime) -> None: ...


class LetterTopic(Protocol):
    def at(self, partition: int, offset: int) -> LogRecord | None:
        """The record of the dead-letter topic at this place, while it is kept."""


class Events(Protocol):
    def put_back(self, record: LogRecord) -> None:
        """Produce a letter's record onto the events topic as it was: key, value, instant, number of events."""


class DeadLetters:
    """All raise `Unavailable` when a store or the log does not answer."""

    def __init__(
        self,
        letters: Letters,
        topic: LetterTopic,
        events: Events,
        begin: Begin[Replays],
        witness: Witness,
        now: Callable[[], datetime],
    ) -> None:
        self._letters = letters
        self._topic = topic
        self._events = events
        self._begin = begin
        self._witness = witness
        self._now = now

    def page(self, namespace: str, limit: int, after: LetterPlace | None) -> list[DeadLetter]:
        """The latest first, up to now."""
        self._witness.dead()
        letters = self._letters.page(namespace, limit, after)
        with self._begin(namespace) as work:
            replayed = work.store.of(letters)
        return [replace(letter, replayed_at=replayed.get(letter.id)) for letter in letters]

    def open(self, namespace: str, letter_id: str) -> OpenedLetter:
        """One letter with its record.

        Raises:
            NotFound: it is unknown, another namespace's, or no longer kept.
        """
        opened = self._opened(namespace, letter_id)
        with self._begin(namespace) as work:
            replayed = work.store.of([opened.letter])
        return _replayed(opened, replayed.get(letter_id))

    def replay(self, namespace: str, letter_id: str) -> OpenedLetter:
        """Put the record onto the events topic again, once: a second replay answers as the first did.

        A crash between the two writings puts it there twice, and so may its own first delivery have: identities make
        that harmless. One that is still unreadable is buried again, as a letter of its own.

        Raises:
            NotFound: it is unknown, another namespace's, or no longer kept.
        """
        opened = self._opened(namespace, letter_id)
        with self._begin(namespace) as work:
            work.lock("dead-letter", letter_id)
            at = work.store.of([opened.letter]).get(letter_id)
            if at is None:
                self._events.put_back(opened.record)
                at = self._now()
                work.store.add(opened.letter, at)
                work.commit()
        # an old instant may be over the log's retention: it must be known as accepted before the log drops it
        self._witness.accepted()
        return _replayed(opened, at)

    def _opened(self, namespace: str, letter_id: str) -> OpenedLetter:
        self._witness.dead()
        place = _ID.fullmatch(letter_id)
        letter = self._letters.find(namespace, int(place[1]), int(place[2])) if place else None
        record = self._topic.at(letter.letter_partition, letter.letter_offset) if letter else None
        if letter is None or record is None or namespace_of(record) != namespace:
            raise NotFound("dead letter", letter_id)
        return OpenedLetter(letter, record)


def _replayed(opened: OpenedLetter, at: datetime | None) -> OpenedLetter:
    return replace(opened, letter=replace(opened.letter, replayed_at=at))
