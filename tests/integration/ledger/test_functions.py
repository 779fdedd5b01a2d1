"""The workflow's steps, and the functions as they are composed, on the real database."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from functions.expire_credits import handler as expire_credits
from functions.list_expired_credits import handler as list_expired
from functions.manage_credits import handler as manage
from meterhouse.kernel.errors import InvalidInput
from meterhouse.ledger.expire_credits import ExpireCredits
from meterhouse.ledger.list_expired_credits import ExpiryBatch, ListExpiredCredits, expiry_batch_of
from meterhouse.platform import clock
from meterhouse.platform.namespaces import add_namespace, all_namespaces
from tests.integration.ledger.conftest import Till
from tests.unit.ledger.samples import hours
from tests.unit.platform.requests import CONTEXT, request


def test_batches_of_all_namespaces_are_found_by_their_edges_and_booked_once(till: Till) -> None:
    neighbour = Till(till.database, f"{till.namespace}-b")
    add_namespace(till.database, neighbour.namespace)
    customers = sorted([till.customer, till.add_customer(), till.add_customer()])
    for customer in customers:
        till.grant(10, customer=customer, expires_after="PT1H")
        till.grant(10, customer=customer)
    neighbour.grant(10, expires_after="PT1H")
    till.now = neighbour.now = hours(2)
    names = {till.namespace, neighbour.namespace}

    def listed() -> list[ExpiryBatch]:
        namespaces = [name for name in all_namespaces(till.database) if name in names]
        return ListExpiredCredits(till.begin, lambda: namespaces, till.clock, size=2)()

    batches = listed()
    assert [(one.namespace, one.after_id, one.up_to_id) for one in batches] == [
        (till.namespace, "", customers[1]),
        (till.namespace, customers[1], customers[2]),
        (neighbour.namespace, "", neighbour.customer),
    ]
    assert [expiry_batch_of(one.document()) for one in batches] == batches
    expire = ExpireCredits(till.begin, till.clock)
    assert [expire(one) for one in batches] == [2, 1, 1]
    before = till.everything()
    assert [expire(one) for one in batches] == [0, 0, 0]
    assert till.everything() == before
    assert listed() == []
    told = till.rows(
        "SELECT data->>'customerId' AS customer FROM outbox"
        " WHERE namespace = %(namespace)s AND type = 'credit_grant.expired' ORDER BY 1"
    )
    assert [row["customer"] for row in told] == customers


def test_of_more_batches_than_a_run_holds_each_namespace_has_its_turn_and_the_next_run_has_the_others(
    till: Till,
) -> None:
    neighbour = Till(till.database, f"{till.namespace}-b")
    add_namespace(till.database, neighbour.namespace)
    for customer in (till.customer, *(till.add_customer() for _ in range(3))):
        till.grant(10, customer=customer, expires_after="PT1H")
    neighbour.grant(10, expires_after="PT1H")
    names = [till.namespace, neighbour.namespace]
    till.now = hours(2)
    lists = ListExpiredCredits(till.begin, lambda: names, till.clock, size=1, most=2)
    expire = ExpireCredits(till.begin, till.clock)

    runs: list[list[str]] = []
    while batches := lists():
        assert sum(expire(batch) for batch in batches) == len(batches)
        runs.append([batch.namespace for batch in batches])

    assert runs == [names, [till.namespace] * 2, [till.namespace]]


def test_where_not_even_every_namespace_has_its_turn_the_next_run_begins_with_others(till: Till) -> None:
    neighbour = Till(till.database, f"{till.namespace}-b")
    add_namespace(till.database, neighbour.namespace)
    names = [till.namespace, neighbour.namespace]
    for each in (till, neighbour):
        each.grant(10, expires_after="PT1H")

    firsts = []
    for quarter in range(8, 72):
        till.now = hours(quarter / 4)
        # nothing is booked: whoever fails keeps no others waiting
        [first] = ListExpiredCredits(till.begin, lambda: names, till.clock, most=1)()
        firsts.append(first.namespace)

    assert sorted(set(firsts)) == names


def test_of_one_namespaces_batches_the_next_run_begins_with_others(till: Till) -> None:
    customers = sorted([till.customer, till.add_customer(), till.add_customer()])
    for customer in customers:
        till.grant(10, customer=customer, expires_after="PT1H")

    firsts = set()
    for quarter in range(8, 72):
        till.now = hours(quarter / 4)
        # nothing is booked: of a batch that fails the others are no part
        [first] = ListExpiredCredits(till.begin, lambda: [till.namespace], till.clock, size=1, most=1)()
        firsts.add(first.up_to_id)

    assert sorted(firsts) == customers


def test_by_a_clock_that_is_behind_the_listers_what_is_marked_is_booked(till: Till) -> None:
    till.grant(10, expires_after="PT1H")
    till.now = hours(1)
    [batch] = ListExpiredCredits(till.begin, lambda: [till.namespace], till.clock)()

    till.now = hours(0.5)
    assert ExpireCredits(till.begin, till.clock)(batch) == 1

    [position] = till.positions()
    assert position.expired == 10
    assert position.remaining == 0


def test_a_voided_grant_tells_no_expiry(till: Till) -> None:
    till.void(till.grant(10, expires_after="PT1H"))
    till.now = hours(2)

    assert till.expire() == 1

    [position] = till.positions()
    assert position.voided == position.funded
    assert position.expired == 0
    assert till.rows("SELECT id FROM outbox WHERE type = 'credit_grant.expired' AND namespace = %(namespace)s") == []


def test_what_is_no_batch_is_refused() -> None:
    for document in ({}, {"namespace": "n", "afterCustomerId": "", "upToCustomerId": "", "until": "soon"}):
        with pytest.raises(InvalidInput):
            expiry_batch_of(document)


def test_the_functions_are_composed_as_the_steps_need_them(till: Till, composed: Callable[..., None]) -> None:
    composed(expire_credits, list_expired, manage)
    till.now = clock.now() - timedelta(hours=2)
    granted = till.grant(10, expires_after="PT1H")

    batches = list_expired.handler({}, CONTEXT)["batches"]
    [own] = [batch for batch in batches if batch["namespace"] == till.namespace]
    assert expire_credits.handler({"batch": own}, CONTEXT) == {"expired": 1}
    assert expire_credits.handler({"batch": own}, CONTEXT) == {"expired": 0}

    path = f"/api/v3/openmeter/customers/{till.customer}/credits/grants/{granted.id}"
    answer = manage.handler(request("GET", path, namespace=till.namespace), CONTEXT)
    assert (answer["statusCode"], json.loads(answer["body"])["status"]) == (200, "expired")
    for function in (expire_credits, list_expired, manage):
        function.database.close()
