"""A process that is killed at the n-th call of a store, whatever that is, and may be started again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from meterhouse.platform.postgres import Database, PostgresSettings
from meterhouse.platform.postgres_transaction import Transaction

T = TypeVar("T")


class Killed(BaseException):
    """The process is gone: nothing catches this, and nothing is written after it."""


@dataclass
class Peril:
    """Kills at the `victim`-th step, from 1; 0: never."""

    victim: int = 0
    steps: int = 0

    def step(self) -> None:
        self.steps += 1
        if self.steps == self.victim:
            raise Killed

    def before(self, call: Callable[..., T]) -> Callable[..., T]:
        def perilous(*arguments: Any, **named: Any) -> T:
            self.step()
            return call(*arguments, **named)

        return perilous


class PerilousDatabase(Database):
    """Each beginning, statement and commit is a step, and so is the moment after a commit."""

    def __init__(self, settings: PostgresSettings, peril: Peril) -> None:
        super().__init__(lambda: settings)
        self._peril = peril

    @contextmanager
    def transaction(self, namespace: str, **scope: str) -> Iterator[Transaction]:
        self._peril.step()
        with super().transaction(namespace, **scope) as transaction:
            for name in ("_run", "execute_many", "commit"):
                setattr(transaction, name, self._peril.before(getattr(transaction, name)))
            yield transaction
        if transaction.committed:
            self._peril.step()


class LosingDatabase(Database):
    """Loses its connection before the `victim`-th statement or commit, from 1, as when the server dies."""

    def __init__(self, settings: PostgresSettings, lose: Callable[[int], object], victim: int) -> None:
        super().__init__(lambda: settings)
        self._lose = lose
        self._left = victim

    @contextmanager
    def transaction(self, namespace: str, **scope: str) -> Iterator[Transaction]:
        with super().transaction(namespace, **scope) as transaction:
            for name in ("_run", "execute_many", "commit"):
                setattr(transaction, name, self._losing(transaction, getattr(transaction, name)))
            yield transaction

    def _losing(self, transaction: Transaction, call: Callable[..., T]) -> Callable[..., T]:
        def losing(*arguments: Any, **named: Any) -> T:
            self._left -= 1
            if self._left == 0:
                self._lose(transaction.connection.info.backend_pid)
            return call(*arguments, **named)

        return losing


def deaths(attempt: Callable[[Peril], object]) -> int:
    """Attempt again and again, killed one step later each time, until an attempt lives; how many died."""
    died = 0
    while True:
        try:
            attempt(Peril(victim=died + 1))
        except Killed:
            died += 1
        else:
            return died
