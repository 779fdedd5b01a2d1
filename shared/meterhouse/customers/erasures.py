"""Erasures of subjects: asked for, listed, shown. What does them is in the rooms above."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from meterhouse.customers.erasure import Erasure, asked
from meterhouse.kernel.errors import InvalidInput, NotFound, Problem
from meterhouse.platform import clock, ids
from meterhouse.platform.work import Begin


class ErasureStore(Protocol):
    def remembered(self) -> Sequence[Erasure]:
        """Those whose names are still known again, in the order in which they were asked for."""

    def find(self, erasure_id: str) -> Erasure | None: ...

    def save(self, erasure: Erasure) -> None: ...

    def page(self, number: int, size: int) -> tuple[Sequence[Erasure], int]:
        """The newest first, and how many there are."""


class Erasures:
    def __init__(
        self,
        begin: Begin[ErasureStore],
        now: Callable[[], datetime] = clock.now,
        new_id: Callable[[], str] = ids.new_id,
    ) -> None:
        self._begin = begin
        self._now = now
        self._new_id = new_id

    def ask(self, namespace: str, subject: str, confirmed: str) -> Erasure:
        """Have a subject erased; the erasure that is under way for it already, if there is one.

        What came since a complete one is another subject's, and gets another pseudonym: the one of before may be a
        customer's, who is not whom the name stands for now.

        Raises:
            InvalidInput: what confirms it is another name.
        """
        if confirmed != subject:
            fault = Problem("/confirm", "confirmation", "must be the subject's key once more: this cannot be undone")
            raise InvalidInput("the erasure is not confirmed", [fault])
        with self._begin(namespace) as work:
            work.lock("subject_erasures")
            remembered = work.store.remembered()
            for under_way in remembered:
                if under_way.subject == subject:
                    return under_way
            salt = next((one.salt for one in reversed(remembered) if one.salt), "")
            erasure = asked(self._new_id(), subject, self._now(), salt)
            work.store.save(erasure)
            work.commit()
        return erasure

    def get(self, namespace: str, erasure_id: str) -> Erasure:
        """Raises: NotFound."""
        with self._begin(namespace) as work:
            erasure = work.store.find(erasure_id)
        if erasure is None:
            raise NotFound("subject erasure", erasure_id)
        return erasure

    def page(self, namespace: str, number: int, size: int) -> tuple[Sequence[Erasure], int]:
        with self._begin(namespace) as work:
            return work.store.page(number, size)
