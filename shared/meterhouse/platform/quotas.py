"""Requests and events a calendar month (UTC), by key and by namespace: counted where they are served, settled soon.

What an environment lets in it adds to one number that all share, with the first request a second after it did so last.
So a quota is passed by what all environments let in meanwhile, and by the batch that passes it, which is let in whole.
What was added and not acknowledged is added again under its own number, and so counted once.
"""

import math
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import NamedTuple, Protocol

from meterhouse.kernel.errors import TooMany, Unavailable
from meterhouse.kernel.instant import format_rfc3339
from meterhouse.platform import ids

_SETTLED_EVERY = timedelta(seconds=1)
_KNOWN_FOR = timedelta(minutes=1)
_RESTS = timedelta(seconds=5)
REPEATED_FOR = timedelta(minutes=10)
"""Whoever counts remembers an addition for longer. What nobody acknowledged by then is let go: it may be counted."""
_MOST_REMEMBERED = 10_000
_NEVER = datetime.min.replace(tzinfo=UTC)


class Tally(NamedTuple):
    """What was let in."""

    requests: int = 0
    events: int = 0

    def plus(self, other: "Tally") -> "Tally":
        return Tally(self.requests + other.requests, self.events + other.events)


@dataclass(frozen=True, slots=True)
class Quota:
    """How much in a month; None: as much as comes."""

    requests: int | None = None
    events: int | None = None

    def __str__(self) -> str:
        return "/".join("" if most is None else str(most) for most in (self.requests, self.events))

    def of(self, used: Tally) -> Iterator[tuple[str, int, int]]:
        """What is counted, how much of it there may be and how much there was."""
        for counts, most, was in (("requests", self.requests, used.requests), ("events", self.events, used.events)):
            if most is not None:
                yield counts, most, was


def quota_from(text: str) -> Quota | None:
    """As `str` writes it, which is how the authorizer tells of it; None of nothing."""
    requests, _, events = text.partition("/")
    return Quota(int(requests) if requests else None, int(events) if events else None) if text else None


def quota_row(quota: Quota | None) -> Mapping[str, int | None]:
    most = quota or Quota()
    return {"monthly_requests": most.requests, "monthly_events": most.events}


def quota_of(requests: int | None, events: int | None) -> Quota | None:
    return None if requests is None and events is None else Quota(requests, events)


def month_of(at: datetime) -> tuple[datetime, datetime]:
    """The month of an instant: its start, and the next one's."""
    start = at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return start, (start + timedelta(days=31)).replace(day=1)


def name_of(month: datetime, namespace: str, key_id: str = "") -> str:
    """Of the number that all share; no namespace's name begins so."""
    return f"#{month:%Y-%m}#{namespace}{key_id and '#'}{key_id}"


class Tallies(Protocol):
    """Every method raises `Unavailable`."""

    def tally(self, name: str) -> Tally: ...

    def add_up(self, name: str, addition: "Addition", until: datetime) -> Tally:
        """The new sum, which may be forgotten some time after `until`; the same addition again adds nothing."""


@dataclass(frozen=True, slots=True)
class Addition:
    """What an environment, `by`, adds at some instant to one sum; its instants there differ, and grow."""

    tally: Tally
    by: str
    at: datetime


_NOTHING = Tally()
_MICROSECOND = timedelta(microseconds=1)


@dataclass(slots=True)
class _Standing:
    """`used`: by all environments, when it was last seen; `unheard`: of what nobody said that it was added."""

    used: Tally = _NOTHING
    unsettled: Tally = _NOTHING
    unheard: Addition | None = None
    added_at: datetime = _NEVER
    seen_at: datetime = _NEVER
    settled_at: datetime = _NEVER

    @property
    def all(self) -> Tally:
        known = self.used.plus(self.unsettled)
        return known if self.unheard is None else known.plus(self.unheard.tally)


class Quotas:
    def __init__(self, tallies: Tallies) -> None:
        self._tallies = tallies
        self._standings: dict[str, _Standing] = {}
        self._rests_until = _NEVER

    @cached_property
    def _by(self) -> str:
        return ids.new_id()[-12:]

    def check(self, told: Mapping[str, str], at: datetime, *, of_events: bool = False) -> None:
        """Whether the caller that the authorizer tells of has something left: of requests, or of events as well.

        Raises:
            TooMany: a quota is used up, of the key or of its namespace.
        """
        for holder, name, quota in _quotas(told, at):
            standing = self._standing(name)
            if at >= standing.seen_at + _KNOWN_FOR:
                with self._leniently(at) as asks:
                    if asks:
                        standing.used, standing.seen_at = self._tallies.tally(name), at
            for counts, most, was in quota.of(standing.all):
                if was >= most and (of_events or counts == "requests"):
                    raise _used_up(holder, counts, most, at)

    def count(self, told: Mapping[str, str], at: datetime, events: int = 0) -> None:
        """That a request was let in, and brought events."""
        for _, name, _ in _quotas(told, at):
            standing = self._standing(name)
            standing.unsettled = standing.unsettled.plus(Tally(1, events))
            if at >= standing.settled_at + _SETTLED_EVERY:
                self._settle(name, standing, at)

    def _settle(self, name: str, standing: _Standing, at: datetime) -> None:
        with self._leniently(at) as asks:
            if asks:
                if standing.unheard is not None and at - standing.unheard.at < REPEATED_FOR:
                    standing.used = self._tallies.add_up(name, standing.unheard, month_of(at)[1])
                standing.added_at = max(at, standing.added_at + _MICROSECOND)
                standing.unheard = Addition(standing.unsettled, self._by, standing.added_at)
                standing.unsettled = _NOTHING
                standing.used = self._tallies.add_up(name, standing.unheard, month_of(at)[1])
                standing.unheard, standing.seen_at, standing.settled_at = None, at, at

    @contextmanager
    def _leniently(self, at: datetime) -> Iterator[bool]:
        """Whether to ask; what nobody can count is let in, for a quota is no reason to lose events, and added later."""
        try:
            yield at >= self._rests_until
        except Unavailable:
            sys.stdout.write('{"level":"WARNING","message":"quotas are not counted"}\n')
            self._rests_until = at + _RESTS

    def _standing(self, name: str) -> _Standing:
        if len(self._standings) >= _MOST_REMEMBERED:
            self._standings.clear()
        return self._standings.setdefault(name, _Standing())


def _quotas(told: Mapping[str, str], at: datetime) -> Iterator[tuple[str, str, Quota]]:
    namespace, (month, _) = told.get("namespace", ""), month_of(at)
    for holder, key_id in (("namespace", ""), ("key", told.get("keyId", ""))):
        quota = quota_from(told.get(f"{holder}Quota", ""))
        if quota is not None:
            yield holder, name_of(month, namespace, key_id), quota


def _used_up(holder: str, counts: str, most: int, at: datetime) -> TooMany:
    _, until = month_of(at)
    facts = {"quota": {"holder": holder, "counts": counts, "limit": most, "until": format_rfc3339(until)}}
    detail = f"the {holder}'s quota of {most} {counts} a month is used up"
    return TooMany(detail, math.ceil((until - at) / timedelta(seconds=1)), "quota_used_up", facts)
