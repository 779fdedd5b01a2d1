"""PostgreSQL itself crashes in the middle of expiry runs and charges: nothing is lost, nothing is booked twice."""

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from threading import Thread
from typing import TypeVar

import pytest

from localstack.fixtures import free_port, temporary_folder
from localstack.postgres import postgres_part
from localstack.process import Processes
from localstack.settings import DATABASE, HOST, POSTGRES_OWNER
from meterhouse.kernel.errors import Unavailable
from meterhouse.ledger.ports import LedgerStore
from meterhouse.platform.ids import new_id
from meterhouse.platform.migrated_postgres import MigratedPostgres
from meterhouse.platform.migrations import migrate, migrations
from meterhouse.platform.namespaces import add_namespace
from meterhouse.platform.postgres import APPLICATION_ROLE, Database, PostgresSettings
from meterhouse.platform.work import Begin, Work
from tests.integration.ledger.conftest import Till
from tests.unit.ledger.samples import hours

R = TypeVar("R")
ROUNDS = 24
CUSTOMERS = 6
_PATIENCE = 60


@pytest.fixture(scope="module")
def durable() -> Iterator[Database]:
    """A server that keeps what it promised, unlike the ring's own, and may be killed."""
    with temporary_folder() as folder:
        port, processes = free_port(), Processes(folder)
        part = postgres_part(port, folder / "data")
        processes.start(part)
        try:
            owner = (POSTGRES_OWNER.username, POSTGRES_OWNER.password)
            own = PostgresSettings(HOST, port.number, DATABASE, *owner, "disable")
            settings = PostgresSettings(HOST, port.number, DATABASE, APPLICATION_ROLE, "test-app", "disable")
            store = MigratedPostgres(own, settings)
            with store.alone():
                store.create_application_role()
                migrate(store, migrations("postgres"))
            database = Database(lambda: settings)
            yield database
            database.close()
        finally:
            processes.stop(part.name)


@dataclass
class Crashing:
    """Begins units of work; at the `victim`-th commit the server crashes: before, after, or while it is written."""

    begin: Begin[LedgerStore]
    database: Database
    victim: int
    moment: str
    delay: float
    commits: int = 0
    crashed: bool = False

    @contextmanager
    def __call__(self, namespace: str) -> Iterator[Work[LedgerStore]]:
        with self.begin(namespace) as work:
            commit, dies = work.commit, False

            def counted() -> None:
                nonlocal dies
                self.commits += 1
                dies = self.commits == self.victim
                if dies and self.moment == "before":
                    self.crash()
                if dies and self.moment == "while":
                    Thread(target=self.crash, args=(self.delay,)).start()
                commit()

            work.commit = counted  # type: ignore[method-assign] # this is where the test puts the crash
            yield work
        if dies and self.moment == "after":
            self.crash()
            raise Unavailable("the answer was lost")

    def crash(self, delay: float = 0) -> None:
        """Kill a server process the hard way: the server drops all others and recovers from its log."""
        connection = self.database._connection
        assert connection
        pid = connection.info.backend_pid
        time.sleep(delay)
        os.kill(pid, signal.SIGKILL)
        self.crashed = True


def until_done(step: Callable[[], R]) -> R:
    """What a workflow does: try again while the server is away."""
    for _ in range(_PATIENCE * 10):
        try:
            return step()
        except Unavailable:
            time.sleep(0.1)
    raise AssertionError("the server did not come back")


@pytest.mark.timeout(600)
def test_crashes_of_the_server_lose_and_double_nothing(durable: Database) -> None:
    namespace = f"test-{new_id().lower()}"
    add_namespace(durable, namespace)
    till = Till(durable, namespace)
    customers = [till.add_customer() for _ in range(CUSTOMERS)]
    healthy, draw, crashes = till.begin, random.Random(20260101), 0  # noqa: S311 - a seed

    for number in range(ROUNDS):
        till.now = hours(number * 2)
        for customer in customers:
            till.customer = customer
            till.grant(10, expires_after="PT1H")
            till.collect(3, f"{number}-{customer}")
        till.now = hours(number * 2 + 1.5)
        crashing = Crashing(
            healthy, durable, 1 + number % 5, ("before", "after", "while")[number % 3], draw.uniform(0, 0.004)
        )
        till.begin = crashing
        until_done(lambda: till.expire(size=2))
        # usage of before the expiry comes to be known after it
        till.customer = customers[number % CUSTOMERS]
        for amount in (2, 1):
            key, used_at = f"late-{number}-{amount}", hours(number * 2 + 0.5)
            until_done(lambda: till.collect(amount, key, used_at))  # noqa: B023 - called at once
        until_done(lambda: till.expire(size=2))
        till.begin = healthy
        crashes += crashing.crashed

    assert crashes >= 20
    assert_books_are_whole(till)


def assert_books_are_whole(till: Till) -> None:
    def rows(query: str) -> list[dict[str, object]]:
        return until_done(lambda: till.rows(query))

    unbalanced = (
        "SELECT currency FROM ledger_entries WHERE namespace = %(namespace)s"
        " GROUP BY {}currency HAVING sum(amount) <> 0"
    )
    assert rows(unbalanced.format("")) == []
    assert rows(unbalanced.format("transaction_id, ")) == []
    by_account = {
        row["account"]: row["total"]
        for row in rows(
            "SELECT account, sum(amount) AS total FROM ledger_entries WHERE namespace = %(namespace)s GROUP BY account"
        )
    }
    granted, burnt = ROUNDS * CUSTOMERS * 10, ROUNDS * CUSTOMERS * 3 + ROUNDS * 3
    assert by_account == {
        "customer_fbo": Decimal(0),
        "wash": Decimal(-granted),
        "customer_accrued": Decimal(burnt),
        "breakage": Decimal(granted - burnt),
    }
    [told] = rows(
        "SELECT count(*) AS many FROM outbox WHERE namespace = %(namespace)s AND type = 'credit_grant.expired'"
    )
    assert told["many"] == ROUNDS * CUSTOMERS
    assert rows("SELECT id FROM credit_grants WHERE namespace = %(namespace)s AND NOT is_expiry_booked") == []
