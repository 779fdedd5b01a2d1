"""Whether every accepted event is counted once: what was answered held against what the meters count."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from tests.bench.load.outcomes import Request, Step


@dataclass(frozen=True, slots=True)
class Counted:
    """The events of one request, as meters count them."""

    events: int
    distinct: int


_NONE = Counted(0, 0)


@dataclass(frozen=True, slots=True)
class Account:
    accepted: int
    """Events of requests answered 204."""
    kept: int
    """Events of other requests that were stored all the same: their sender sends them again, with their ids."""
    faults: tuple[str, ...]


def account(steps: Iterable[Step], counted: Mapping[str, Counted], events: int) -> Account:
    """Held against each other, request by request.

    Args:
        steps: the requests; number 7 of step `s` is counted as `s-7`.
        counted: what the meters count, by request.
        events: in each request.
    """
    asked = {f"{step.name}-{one.number}": one for step in steps for one in step.requests}
    faults = [fault for name, one in asked.items() for fault in _faults(name, one, counted.get(name, _NONE), events)]
    faults += [f"{name}: counted, and never sent" for name in counted.keys() - asked.keys()]
    return Account(
        accepted=events * sum(one.is_accepted for one in asked.values()),
        kept=sum(counted.get(name, _NONE).events for name, one in asked.items() if not one.is_accepted),
        faults=tuple(sorted(faults)),
    )


def _faults(name: str, request: Request, found: Counted, events: int) -> Iterator[str]:
    if found.events > found.distinct or found.events > events:
        yield f"{name}: doubled, {found.distinct} events are counted {found.events} times"
    if request.is_accepted and found.distinct < events:
        yield f"{name}: lost, {found.distinct} of {events} accepted events are counted"
    if not request.is_accepted and 0 < found.distinct < events:
        yield f"{name}: half, {found.distinct} of {events} events of a refused request are counted"
