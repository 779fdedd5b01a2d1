"""Several callers at once, each with a connection of its own, as the environments of a function have."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from meterhouse.kernel.errors import Conflict
from meterhouse.platform.postgres import Database, PostgresSettings

T = TypeVar("T")


def at_once(settings: PostgresSettings, ask: Callable[[Database, T], object], given: Iterable[T]) -> list[str]:
    """How what four at a time ask ended, sorted: `done`, or the code of a conflict."""

    def asked(one: T) -> str:
        own = Database(lambda: settings)
        try:
            ask(own, one)
        except Conflict as refused:
            return refused.code
        finally:
            own.close()
        return "done"

    with ThreadPoolExecutor(4) as threads:
        return sorted(threads.map(asked, given))
