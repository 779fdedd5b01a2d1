"""PostgreSQL itself crashes in the middle of invoice runs: they come to what runs on a healthy server come to."""

import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta

import pytest

from meterhouse.billing.audit_books import AuditBooks
from meterhouse.billing.postgres_audit import PostgresAudit
from meterhouse.platform.ids import new_id
from meterhouse.platform.namespaces import add_namespace
from meterhouse.platform.postgres import Database, begins
from meterhouse.platform.postgres_transaction import Row
from tests.integration.billing.conftest import Run
from tests.integration.billing.test_crashes import billed
from tests.integration.crashing import MOMENTS, Crashing, until_done
from tests.integration.ledger.conftest import Till
from tests.unit.subscriptions.samples import at

MONTHS = [at(f"{2022 + number // 12}-{number % 12 + 1:02}-01") for number in range(11)]
CUSTOMERS = ("ann", "bob")


def opened(database: Database) -> Run:
    """A namespace with two customers, of whom each has some credit to burn."""
    namespace = f"test-{new_id().lower()}"
    add_namespace(database, namespace)
    run = Run(database, namespace)
    for key in CUSTOMERS:
        customer = run.customer(key)
        run.subscribe(customer, start="2022-01-01")
        for number, month in enumerate(MONTHS):
            run.used(customer, month.date().isoformat(), str(number % 5))
        till = Till(database, namespace, MONTHS[0])
        till.customer = customer
        till.grant(60)
    return run


def bill_month(run: Run, number: int, crashing: Callable[[int], AbstractContextManager[object]]) -> None:
    """The steps of the month's run, each in a block of its own, by its number."""
    as_of = MONTHS[number] + timedelta(hours=2)
    run.now = as_of
    for place, step in enumerate((run.sync, run.collect, run.advance)):
        with crashing(place):
            outcome = until_done(lambda: step(as_of))  # noqa: B023 - called at once
        assert outcome.failed == {}


def books(run: Run) -> list[Row]:
    return run.rows(
        "SELECT account, kind, currency, count(*), sum(amount) AS total FROM ledger_entries"
        " WHERE namespace = %(namespace)s GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    )


def told(run: Run) -> list[Row]:
    return run.rows("SELECT type, count(*) FROM outbox WHERE namespace = %(namespace)s GROUP BY type ORDER BY type")


@pytest.mark.timeout(600)
def test_crashes_of_the_server_while_it_bills_lose_and_double_nothing(durable: Database) -> None:
    healthy, run = opened(durable), opened(durable)
    begin, draw, crashes = run.begin, random.Random(20260102), 0  # noqa: S311 - a seed
    for number in range(1, len(MONTHS)):

        @contextmanager
        def two_of_three(place: int, number: int = number) -> Iterator[None]:
            nonlocal crashes
            if place == number % 3:
                yield
                return
            moment = MOMENTS[(number // 3 + place) % 3]
            run.begin = crashing = Crashing(begin, durable, 1, moment, draw.uniform(0, 0.004))
            yield
            run.begin = begin
            crashing.until_over()
            crashes += crashing.crashed

        # the whole at once comes to what its steps come to
        healthy.now = MONTHS[number] + timedelta(hours=2)
        assert healthy.all(healthy.now).failed == {}
        bill_month(run, number, two_of_three)

    assert crashes == 2 * (len(MONTHS) - 1) >= 20
    assert until_done(lambda: billed(run)) == billed(healthy)
    assert {state for _, state, *_ in billed(run)} == {"paid"}
    assert books(run) == books(healthy)
    assert sum(row["total"] for row in books(run)) == 0
    assert any(row["kind"] == "consumed" for row in books(run))
    assert told(run) == told(healthy)
    audit = AuditBooks(begins(durable, PostgresAudit), lambda: [run.namespace], lambda: MONTHS[-1] + timedelta(days=2))
    assert (audit().open, audit().customers) == (0, 2 * len(CUSTOMERS))
