"""A running query is followed from another request, on the real engine."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from meterhouse.kernel.errors import Unavailable
from meterhouse.metering.progress import followed
from meterhouse.platform.clickhouse import ClickHouse, ClickHouseSettings
from meterhouse.platform.postgres import Database
from meterhouse.platform.query_comment import query_comment
from tests.integration.metering.people import People

PROGRESS = "/api/v1/info/progress"
ROWS = 10**15
PATIENCE_SECONDS = 60


@pytest.fixture
def people(database: Database, usage_store: ClickHouse, namespace: str) -> People:
    return People(database, usage_store, namespace)


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@contextmanager
def running(people: People, settings: ClickHouseSettings, client_id: str) -> Iterator[None]:
    """An endless query of a client, on a connection of its own, killed at the end."""
    store = ClickHouse(lambda: settings)

    def run() -> None:
        with followed(people.namespace, client_id), pytest.raises(Unavailable):
            store.query(
                f"SELECT count() FROM numbers({ROWS}) WHERE cityHash64(number) = 1", settings={"max_threads": 1}
            )

    thread = threading.Thread(target=run)
    thread.start()
    try:
        until(lambda: people("GET", f"{PROGRESS}/{client_id}")[0] == 200)
        yield
    finally:
        comment = f"{people.namespace}:{client_id}"
        kill = "KILL QUERY WHERE Settings['log_comment'] = %(comment)s ASYNC"
        people.house.store.command(kill, {"comment": comment})
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive()


def test_a_running_query_of_a_client_shows_the_rows_it_has_read(
    people: People, usage_store_settings: ClickHouseSettings
) -> None:
    with running(people, usage_store_settings, "mine"):
        until(lambda: people("GET", f"{PROGRESS}/mine")[1]["success"] > 0)
        status, progress = people("GET", f"{PROGRESS}/mine")
        assert (status, set(progress)) == (200, {"success", "failed", "total", "updatedAt"})
        assert 0 < progress["success"] < progress["total"] == ROWS
        assert progress["failed"] == 0
        assert people("GET", f"{PROGRESS}/other")[0] == 404
        assert people("GET", f"{PROGRESS}/mine", namespace=f"{people.namespace}-b")[0] == 404
    until(lambda: people("GET", f"{PROGRESS}/mine")[0] == 404)


def test_two_queries_of_one_client_run_beside_each_other_and_add_up(
    people: People, usage_store_settings: ClickHouseSettings
) -> None:
    with running(people, usage_store_settings, "mine"), running(people, usage_store_settings, "mine"):
        until(lambda: people("GET", f"{PROGRESS}/mine")[1]["total"] == 2 * ROWS)


def test_a_query_of_nobody_in_particular_is_not_followed(people: People) -> None:
    with followed(people.namespace, None):
        assert people.house.store.query("SELECT getSetting('log_comment')") == [("",)]
    with followed(people.namespace, "mine"):
        assert people.house.store.query("SELECT getSetting('log_comment')") == [(f"{people.namespace}:mine",)]
    assert people.house.store.query("SELECT getSetting('log_comment')") == [("",)]


@pytest.mark.parametrize("client_id", ["none", "%25", "'", "a%2Fb", "c" * 5000, "%ED%A0%80"])
def test_what_does_not_run_is_not_found(people: People, client_id: str) -> None:
    assert people("GET", f"{PROGRESS}/{client_id}")[0] == 404


@pytest.mark.parametrize("path", ["/api/v1/events", "/api/v2/events", "/api/v1/meters/calls/query"])
def test_each_query_that_takes_a_client_id_is_followed_under_it(
    database: Database, usage_store_settings: ClickHouseSettings, namespace: str, path: str
) -> None:
    store = Overheard(usage_store_settings)
    people = People(database, store, namespace)
    people("POST", "/api/v1/meters", {"slug": "calls", "aggregation": "COUNT", "eventType": "call"})
    for query, comments in (("clientId=mine", {f"{namespace}:mine"}), ("", {None})):
        store.comments.clear()
        assert people("GET", path, query=query)[0] == 200
        assert store.comments == comments


class Overheard(ClickHouse):
    """The real store, remembering the comments of the queries it was sent."""

    def __init__(self, settings: ClickHouseSettings) -> None:
        super().__init__(lambda: settings)
        self.comments: set[str | None] = set()

    def query(self, *sent: Any, **more: Any) -> list[tuple[Any, ...]]:
        self.comments.add(query_comment())
        return super().query(*sent, **more)
