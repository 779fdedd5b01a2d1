"""A unit of work: nothing is saved unless the use case's last line commits; leaving the block rolls back."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

from meterhouse.platform.outbox import DomainEvent

S_co = TypeVar("S_co", covariant=True)


class Work(Protocol[S_co]):
    """One transaction in one namespace; `store` is the room's port on it."""

    @property
    def store(self) -> S_co: ...

    def publish(self, *events: DomainEvent) -> None:
        """Put domain events into the outbox of this transaction."""

    def lock(self, *key: str) -> None:
        """Wait until no other transaction of the namespace holds `key`; held until the transaction ends."""

    def commit(self) -> None: ...


Begin = Callable[[str], AbstractContextManager[Work[S_co]]]
"""Begins a unit of work in a namespace: `with begin(namespace) as work: …; work.commit()`."""

Afterwards = Callable[[Callable[[], object]], None]
"""Does something once all that was committed is saved: what others hear of must be there, whatever comes next."""

Otherwise = Callable[[Callable[[], object]], None]
"""Does something once it is known that the open unit of work, with all that it is part of, may not have been saved."""

Ended = Callable[[Callable[[], object]], None]
"""Does something once the open unit of work, with all that it is part of, has ended, saved or not; else at once."""


def at_once(action: Callable[[], object]) -> None:
    """`Afterwards` where no unit of work is part of another."""
    action()


def not_needed(_action: Callable[[], object]) -> None:
    """`Otherwise` where no unit of work is part of another: what was saved is not lost with what comes next."""
