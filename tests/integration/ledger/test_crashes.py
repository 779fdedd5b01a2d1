"""PostgreSQL itself crashes in the middle of expiry runs and charges: nothing is lost, nothing is booked twice."""

import random
from decimal import Decimal

import pytest

from meterhouse.platform.ids import new_id
from meterhouse.platform.namespaces import add_namespace
from meterhouse.platform.postgres import Database
from tests.integration.crashing import MOMENTS, Crashing, until_done
from tests.integration.ledger.conftest import Till
from tests.unit.ledger.samples import hours

ROUNDS = 24
CUSTOMERS = 6


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
        crashing = Crashing(healthy, durable, 1 + number % 5, MOMENTS[number % 3], draw.uniform(0, 0.004))
        till.begin = crashing
        until_done(lambda: till.expire(size=2))
        # usage of before the expiry comes to be known after it
        till.customer = customers[number % CUSTOMERS]
        for amount in (2, 1):
            key, used_at = f"late-{number}-{amount}", hours(number * 2 + 0.5)
            until_done(lambda: till.collect(amount, key, used_at))  # noqa: B023 - called at once
        until_done(lambda: till.expire(size=2))
        till.begin = healthy
        crashing.until_over()
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
