"""Whose an event is, asked at any time: attribution is that of the moment of asking, on the real stores."""

import pytest

from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.postgres import Database
from tests.integration.metering.house import call
from tests.integration.metering.people import People

CALLS = {"slug": "calls", "aggregation": "SUM", "eventType": "call", "valueProperty": "$.value"}
NOBODY = "no customer found for event subject: "


@pytest.fixture
def people(database: Database, usage_store: ClickHouse, namespace: str) -> People:
    people = People(database, usage_store, namespace)
    assert people("POST", "/api/v1/meters", CALLS)[0] == 201
    return people


def replace(people: People, customer: str, key: str | None, *subjects: str) -> tuple[int, dict[str, object]]:
    body = {"name": "Changed", "usageAttribution": {"subjectKeys": subjects}} | ({"key": key} if key else {})
    return people("PUT", f"/api/v1/customers/{customer}", body)


def test_usage_of_the_key_and_of_every_subject_key_is_one_customer_s(people: People) -> None:
    acme = people.customer("acme", "app-1", "app-2")
    people.sink(*(call(name, 1, subject=name) for name in ("acme", "app-1", "app-2", "app-3")))
    assert people.usage("calls", acme) == {acme: 3}
    assert sorted(one["event"]["id"] for one in people.listed(customerId=acme)) == ["acme", "app-1", "app-2"]


@pytest.mark.parametrize("roll_up", [False, True], ids=["from values", "from the rollup"])
def test_events_of_a_subject_nobody_claimed_are_the_customer_s_who_claims_it_later(
    people: People, *, roll_up: bool
) -> None:
    people.sink(call("1", 2, subject="early"), call("2", 3, subject="early"))
    assert [one.get("customerId") for one in people.listed()] == [None, None]
    assert {one["validationError"] for one in people.listed()} == {f"{NOBODY}early"}
    if roll_up:
        people.roll_up()
    acme = people.customer("acme", "early")
    people.sink(call("3", 4, subject="early"))
    assert people.usage("calls", acme) == {acme: 9}
    assert [(one["customerId"], one.get("validationError")) for one in people.listed()] == [(acme, None)] * 3


def test_a_subject_that_moves_takes_its_whole_usage_along(people: People) -> None:
    people.sink(call("1", 5, subject="device"))
    first, second = people.customer("first", "device"), people.customer("second")
    assert people.usage("calls", first, second) == {first: 5}
    assert replace(people, first, "first")[0] == 200
    assert replace(people, second, "second", "device")[0] == 200
    assert people.usage("calls", first, second) == {second: 5}


def test_a_changed_key_attributes_by_the_new_one_and_frees_the_old(people: People) -> None:
    people.sink(call("1", 1, subject="old"), call("2", 10, subject="new"))
    acme = people.customer("old")
    assert people.usage("calls", acme) == {acme: 1}
    assert replace(people, acme, "new")[0] == 200
    assert people.usage("calls", acme) == {acme: 10}
    assert people("GET", "/api/v1/customers/old")[0] == 404
    heir = people.customer("old")
    assert people.usage("calls", acme, heir) == {acme: 10, heir: 1}


def test_a_deleted_customer_has_no_usage_and_its_heir_has_all(people: People) -> None:
    people.sink(call("1", 7, subject="acme"), call("2", 1, subject="device"))
    gone = people.customer("acme", "device")
    assert people("DELETE", f"/api/v1/customers/{gone}")[0] == 204
    assert people.usage("calls", gone) == {}
    assert people.listed(customerId=gone) == []
    heir = people.customer("acme", "device")
    for asked in ((gone, heir), (heir, gone)):
        assert people.usage("calls", *asked) == {heir: 8}
    assert {one["customerId"] for one in people.listed(customerId=[gone, heir])} == {heir}


def test_a_refused_claim_moves_no_usage(people: People) -> None:
    people.sink(call("1", 7, subject="device"))
    owner, other = people.customer("owner", "device"), people.customer("other")
    status, problem = replace(people, other, "other", "device")
    assert (status, problem["code"]) == (409, "subject_key_conflict")
    assert people.usage("calls", owner, other) == {owner: 7}
