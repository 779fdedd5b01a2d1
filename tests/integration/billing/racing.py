"""Several who work on one customer at a time, each on a connection of its own."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from copy import copy

from meterhouse.billing.postgres import PostgresBilling
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from tests.integration.billing.conftest import Run

_PATIENCE = 60


@contextmanager
def databases(settings: PostgresSettings, count: int) -> Iterator[list[Database]]:
    opened = [Database(lambda: settings) for _ in range(count)]
    try:
        yield opened
    finally:
        for database in opened:
            database.close()


def on(database: Database, run: Run) -> Run:
    """The same namespace, apps and usage on another connection."""
    other = copy(run)
    other.database, other.begin = database, begins(database, PostgresBilling)
    return other


def all_at_once(steps: Sequence[Callable[[], None]]) -> None:
    """Each step in a thread; the first fault of any is raised."""
    with ThreadPoolExecutor(len(steps)) as pool:
        for done in [pool.submit(step) for step in steps]:
            done.result(timeout=_PATIENCE)
