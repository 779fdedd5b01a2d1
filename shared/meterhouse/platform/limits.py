"""Requests a second by key, namespace and portal token: counted where they are served, settled now and then.

An environment admits a twentieth of a second's worth, a quarter of the burst at most, or what comes in a second, before
it settles: it adds what it admitted to one number that all share, the instant until which the limit is used up, and
learns from it whether to refuse. All that is admitted is added, so over time it is never more than the limit; at the
start of a flood each environment may admit its twentieth too much, for which those that follow wait.
"""

import math
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from meterhouse.kernel.errors import TooMany, Unavailable

_SETTLED_A_SECOND = 20
_SETTLED_EVERY = timedelta(seconds=1)
_RESTS = timedelta(seconds=5)
_MOST_REMEMBERED = 10_000
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` may come at once, `per_second` for ever."""

    per_second: int
    burst: int

    @property
    def cost(self) -> timedelta:
        """What one request uses up."""
        return _SECOND / self.per_second

    @property
    def unsettled(self) -> int:
        """How many an environment admits before it asks the others."""
        return max(1, min(self.per_second // _SETTLED_A_SECOND, self.burst // 4))

    def __str__(self) -> str:
        return f"{self.per_second}/{self.burst}"


def rate_from(text: str) -> Rate | None:
    """As `str` writes it, which is how the authorizer tells of it; None of nothing."""
    per_second, _, burst = text.partition("/")
    return Rate(int(per_second), int(burst)) if text else None


def rate_row(rate: Rate | None) -> Mapping[str, int | None]:
    if rate is None:
        return {"requests_per_second": None, "burst": None}
    return {"requests_per_second": rate.per_second, "burst": rate.burst}


def rate_of(per_second: int | None, burst: int | None) -> Rate | None:
    return None if per_second is None or burst is None else Rate(per_second, burst)


class Counts(Protocol):
    def add(self, name: str, cost: timedelta, at: datetime, known: datetime) -> datetime:
        """Use up `cost` more of what is used up until some instant, `at` at least; the new instant.

        `known`: what it was when it was last seen, to ask in the right order.

        Raises: Unavailable.
        """


@dataclass(slots=True)
class _Standing:
    used_until: datetime
    shut_until: datetime
    since: datetime
    unsettled: int = 0


class Limits:
    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._standings: dict[str, _Standing] = {}
        self._rests_until: datetime | None = None

    def admit(self, told: Mapping[str, str], at: datetime) -> None:
        """Count a request of the caller that the authorizer tells of.

        Raises:
            TooMany: it, or its namespace, has used up what it may.
        """
        rates = [(name, rate) for name, rate in _rates(told) if rate is not None]
        for name, rate in rates:
            self._check(name, rate, at)
        for name, rate in rates:
            self._count(name, rate, at)

    def _check(self, name: str, rate: Rate, at: datetime) -> None:
        standing = self._standings.get(name)
        if standing is not None and at < standing.shut_until:
            wait = math.ceil((standing.shut_until - at) / _SECOND)
            raise TooMany(f"more than {rate.per_second} requests a second, {rate.burst} at once", wait)

    def _count(self, name: str, rate: Rate, at: datetime) -> None:
        if len(self._standings) >= _MOST_REMEMBERED:
            self._standings.clear()
        standing = self._standings.setdefault(name, _Standing(at, at, at))
        standing.since = standing.since if standing.unsettled else at
        standing.unsettled += 1
        if standing.unsettled < rate.unsettled and at - standing.since < _SETTLED_EVERY:
            return
        if self._rests_until is not None and at < self._rests_until:
            # forgiven: added at once later, it would shut a caller who kept to its rate
            standing.unsettled = 0
            return
        try:
            used = self._counts.add(name, standing.unsettled * rate.cost, at, standing.used_until)
        except Unavailable:
            # what nobody can count is let in: a limit protects, and is no reason to lose events
            sys.stdout.write('{"level":"WARNING","message":"requests are not counted"}\n')
            self._rests_until = at + _RESTS
        else:
            standing.used_until, standing.shut_until = used, used - (rate.burst - 1) * rate.cost
        standing.unsettled = 0


def _rates(told: Mapping[str, str]) -> Iterable[tuple[str, Rate | None]]:
    namespace = told.get("namespace", "")
    yield namespace, rate_from(told.get("namespaceRate", ""))
    yield f"{namespace}#{told.get('keyId', '')}", rate_from(told.get("keyRate", ""))
    yield f"{namespace}#portal#{told.get('portalToken', '')}", rate_from(told.get("portalRate", ""))
