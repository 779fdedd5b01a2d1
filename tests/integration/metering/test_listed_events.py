"""Every filter of the two event lists, their cursor, and what they say of an event, on the real engine."""

import json
from datetime import timedelta
from typing import Any

import pytest

from meterhouse.metering.cloud_event import CloudEvent
from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.postgres import Database
from tests.integration.metering.house import T0, call
from tests.integration.metering.people import CURSOR_EVENTS, EVENTS, People
from tests.problems import faults_of

HOUR = timedelta(hours=1)
INGESTED = "2026-03-01T10:15:00Z"
UNKNOWN = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


@pytest.fixture
def people(database: Database, usage_store: ClickHouse, namespace: str) -> People:
    return People(database, usage_store, namespace)


def event(event_id: str, hours: int, subject: str, *, source: str = "test", kind: str = "call") -> CloudEvent:
    made = call(event_id, 1, T0 + hours * HOUR, subject)
    made.source, made.type = source, kind
    return made


@pytest.fixture
def listed(people: People) -> People:
    """Four events, the latest first: d, c, b, a."""
    people.sink(
        event("a", 0, "alice"),
        event("b", 1, "bob", source="edge/eu"),
        event("c", 2, "Carol", kind="view"),
        event("d", 3, "alice", source="edge/us", kind="50%"),
    )
    return people


def ids(events: list[dict[str, Any]]) -> str:
    return "".join(one["event"]["id"] for one in events)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, "dcba"), ({"id": "b"}, "b"), ({"id": "B"}, ""), ({"id": ""}, "dcba"), ({"subject": "alice"}, "da"),
        ({"subject": "lic"}, "da"), ({"subject": "a"}, "dca"), ({"subject": "a_i"}, ""), ({"subject": "%"}, ""),
        ({"subject": "\\"}, ""), ({"from": "2026-03-01T11:15:00Z"}, "dcb"), ({"to": "2026-03-01T11:15:00Z"}, "a"),
        ({"from": "2026-03-01T11:15:00Z", "to": "2026-03-01T12:15:00.000001Z"}, "cb"),
        ({"from": "2026-03-01T12:15:00+01:00"}, "dcb"), ({"ingestedAtFrom": INGESTED}, "dcba"),
        ({"ingestedAtFrom": "2026-03-01T10:15:00.000001Z"}, ""), ({"ingestedAtTo": INGESTED}, ""),
        ({"ingestedAtFrom": INGESTED, "ingestedAtTo": "2026-03-01T10:15:00.000001Z"}, "dcba"),
        ({"from": "0001-01-01T00:00:00Z", "to": "9999-12-31T23:59:59Z"}, "dcba"), ({"limit": "2"}, "dc"),
        ({"subject": "alice", "id": "a", "clientId": "c"}, "a"),
        ({"id": "a", "clientId": "'\\\n\"%;é"}, "a"), ({"subject": "alice", "id": "b"}, ""),
    ],
)  # fmt: skip
def test_each_condition_of_the_list_holds_and_all_hold_together(
    listed: People, query: dict[str, str], found: str
) -> None:
    assert ids(listed.listed(EVENTS, **query)) == found


@pytest.mark.parametrize("part", ["a_b", "b%c", "c\\d", "\\", "d'", "_", "%"])
def test_a_part_of_an_id_is_looked_for_as_it_stands(people: People, part: str) -> None:
    people.sink(call("a_b%c\\d'", 1), call("axbxcxd", 1))
    assert ids(people.listed(EVENTS, id=part)) == "a_b%c\\d'"


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, "dcba"), ({"id": {}}, "dcba"), ({"id": None}, "dcba"), ({"id": {"$eq": "a"}}, "a"),
        ({"id": {"$ne": "a"}}, "dcb"), ({"id": {"$in": ["a", "c", "z"]}}, "ca"), ({"id": {"$in": []}}, ""),
        ({"id": {"$nin": ["a", "c"]}}, "db"), ({"id": {"$nin": []}}, "dcba"),
        ({"source": {"$like": "edge/%"}}, "db"), ({"source": {"$nlike": "edge/%"}}, "ca"),
        ({"source": {"$like": "edge/_s"}}, "d"), ({"source": {"$like": "EDGE%"}}, ""),
        ({"source": {"$ilike": "EDGE%"}}, "db"), ({"source": {"$nilike": "EDGE%"}}, "ca"),
        ({"type": {"$like": "%\\%"}}, "d"), ({"type": {"$like": "%"}}, "dcba"),
        ({"subject": {"$gt": "alice"}}, "b"), ({"subject": {"$gte": "alice"}}, "dba"),
        ({"subject": {"$lt": "alice"}}, "c"), ({"subject": {"$lte": "alice"}}, "dca"),
        ({"subject": {"$gte": "a", "$lt": "b"}}, "da"), ({"type": {"$eq": "view"}}, "c"),
        ({"id": {"$and": [{"$ne": "a"}, {"$or": [{"$eq": "a"}, {"$eq": "b"}]}]}}, "b"), ({"id": {"$or": []}}, ""),
        ({"id": {"$and": []}}, "dcba"), ({"subject": {"$eq": "alice"}, "type": {"$eq": "call"}}, "a"),
        ({"time": {"$gt": "2026-03-01T11:15:00Z"}}, "dc"), ({"time": {"$gte": "2026-03-01T11:15:00Z"}}, "dcb"),
        ({"time": {"$lt": "2026-03-01T11:15:00Z"}}, "a"), ({"time": {"$lte": "2026-03-01T11:15:00Z"}}, "ba"),
        ({"time": {"$or": [{"$lt": "2026-03-01T11:00:00Z"}, {"$gt": "2026-03-01T13:00:00Z"}]}}, "da"),
        ({"time": {"$and": [{"$gt": "0001-01-01T00:00:00Z"}, {"$lt": "9999-12-31T23:59:59Z"}]}}, "dcba"),
        ({"ingestedAt": {"$gte": INGESTED}}, "dcba"), ({"ingestedAt": {"$gt": INGESTED}}, ""),
        ({"ingestedAt": {"$lte": INGESTED}}, "dcba"), ({"ingestedAt": {"$lt": INGESTED}}, ""),
        ({"subject": {"$eq": "x' OR 1=1 --"}}, ""), ({"subject": {"$eq": "%(namespace)s"}}, ""),
    ],
    ids=json.dumps,
)  # fmt: skip
def test_each_operator_of_the_filter_holds(listed: People, wanted: dict[str, Any], found: str) -> None:
    assert ids(listed.listed(CURSOR_EVENTS, filter=json.dumps(wanted))) == found


def test_both_lists_are_filtered_by_customers(listed: People) -> None:
    alice, nobody = listed.customer("alice"), listed.customer("nobody")
    others = listed.customer(None, "bob", "Carol")
    for customers, found in (((alice,), "da"), ((nobody,), ""), ((others,), "cb"), ((alice, others), "dcba")):
        assert ids(listed.listed(EVENTS, customerId=customers)) == found
        wanted = json.dumps({"customerId": {"$in": customers}})
        assert ids(listed.listed(CURSOR_EVENTS, filter=wanted)) == found
    assert listed.listed(CURSOR_EVENTS, filter='{"customerId": {"$in": []}}') == []
    assert ids(listed.listed(CURSOR_EVENTS, filter='{"customerId": {}}')) == "dcba"


def test_a_customer_of_a_thousand_long_subjects_is_listed(people: People) -> None:
    subjects = [f"{number:04}-{'ü' * 507}" for number in range(1000)]
    acme = people.customer("acme", *subjects)
    people.sink(call("1", 1, subject=subjects[-1]), call("2", 1, subject="other"))
    assert ids(people.listed(customerId=acme)) == "1"


def test_a_walk_by_cursor_meets_each_event_once_while_others_arrive(people: People) -> None:
    """Three events share each instant, so that a page ends between them; what comes later stands before or behind."""
    people.sink(*(event(f"old-{number}", -(number // 3), "alice") for number in range(9)))
    seen: list[str] = []
    query = "limit=2"
    for turn in range(20):
        status, page = people("GET", CURSOR_EVENTS, query=query)
        assert status == 200
        seen += [one["event"]["id"] for one in page["items"]]
        people.sink(event(f"new-{turn}", 1, "alice"), event("old-0", 0, "alice"), event("old-5", -1, "alice"))
        if "nextCursor" not in page:
            break
        query = f"limit=2&cursor={page['nextCursor']}"
    assert [name for name in seen if name.startswith("old")] == [f"old-{n}" for n in (2, 1, 0, 5, 4, 3, 8, 7, 6)]
    assert not [name for name in seen if name.startswith("new")]


def test_a_page_that_is_not_full_is_the_last(listed: People) -> None:
    assert "nextCursor" not in listed("GET", CURSOR_EVENTS, query="limit=5")[1]
    full = listed("GET", CURSOR_EVENTS, query="limit=4")[1]
    assert listed("GET", CURSOR_EVENTS, query=f"limit=4&cursor={full['nextCursor']}") == (200, {"items": []})


def test_a_cursor_goes_on_within_its_filter(listed: People) -> None:
    wanted = json.dumps({"subject": {"$eq": "alice"}})
    status, first = listed("GET", CURSOR_EVENTS, query=f"limit=1&filter={wanted}")
    assert (status, ids(first["items"])) == (200, "d")
    assert ids(listed.listed(CURSOR_EVENTS, filter=wanted, cursor=first["nextCursor"])) == "a"


def test_a_later_writing_under_another_key_is_listed_as_not_counted(people: People) -> None:
    people.sink(event("a", 0, "alice"))
    people.sink(event("a", 5, "bob"))
    later, first = people.listed()
    assert (first["event"]["subject"], "not counted" in first["validationError"]) == ("alice", False)
    assert later["event"]["subject"] == "bob"
    assert later["validationError"].startswith("not counted: the event was first written with another time")


def test_an_event_that_is_sent_again_is_listed_once_as_it_was_first(people: People) -> None:
    people.sink(call("a", 1))
    people.sink(call("a", 2), call("a", 3))
    assert [one["event"]["data"] for one in people.listed()] == [{"value": 1}]


DEEP = '{"id": ' + '{"$and": [' * 9 + '{"$eq": "a"}' + "]}" * 9 + "}"


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        (EVENTS, "limit=0", "query:limit"), (EVENTS, "limit=101", "query:limit"), (EVENTS, "limit=x", "query:limit"),
        (EVENTS, "limit=1.5", "query:limit"), (EVENTS, "limit=", "query:limit"),
        (EVENTS, "from=yesterday", "query:from"), (EVENTS, "from=2026-03-01T10:00:00", "query:from"),
        (EVENTS, "from=2026-03-01", "query:from"), (EVENTS, "from=1772359200", "query:from"),
        (EVENTS, "from=2026-02-30T00:00:00Z", "query:from"), (EVENTS, "to=2026-03-01T10:00:60Z", "query:to"),
        (EVENTS, "to=10000-01-01T00:00:00Z", "query:to"), (EVENTS, "to=9999-12-31T23:59:59-01:00", "query:to"),
        (EVENTS, "from=", "query:from"), (EVENTS, "ingestedAtFrom=now", "query:ingestedAtFrom"),
        (EVENTS, "ingestedAtTo=2026-03-01 10:00:00Z", "query:ingestedAtTo"),
        (EVENTS, "from=2026-03-01T10:00:00Z&to=2026-03-01T10:00:00Z", "query:from"),
        (EVENTS, "ingestedAtFrom=2026-03-02T00:00:00Z&ingestedAtTo=2026-03-01T00:00:00Z", "query:ingestedAtFrom"),
        (EVENTS, "clientId=", "query:clientId"), (EVENTS, f"clientId={'c' * 37}", "query:clientId"),
        (EVENTS, "customerId=acme", "query:customerId/0"), (EVENTS, f"customerId={UNKNOWN}", "/customerId/0"),
        (EVENTS, "subject=a%00b", "rawQueryString:"),
        (CURSOR_EVENTS, "limit=101", "query:limit"), (CURSOR_EVENTS, "cursor=", "query:cursor"),
        (CURSOR_EVENTS, "cursor=x", "query:cursor"), (CURSOR_EVENTS, "cursor=%ED%A0%80", "query:cursor"),
        (CURSOR_EVENTS, "cursor=MTpOYU4%3D", "query:cursor"), (CURSOR_EVENTS, "cursor=MTotMQ==", "query:cursor"),
        (CURSOR_EVENTS, f"cursor={'OTk5' * 2000}", "query:cursor"),
        (CURSOR_EVENTS, "filter=", "query:filter"), (CURSOR_EVENTS, "filter={", "query:filter"),
        (CURSOR_EVENTS, "filter=[]", "query:filter"), (CURSOR_EVENTS, "filter=null", "query:filter"),
        (CURSOR_EVENTS, "filter[subject][$eq]=a", "query:filter[subject][$eq]"),
        (CURSOR_EVENTS, "filter=1.5", "query:filter"), (CURSOR_EVENTS, "filter=NaN", "query:filter"),
        (CURSOR_EVENTS, f"filter={'[' * 100_000}", "query:filter"),
        (CURSOR_EVENTS, f"filter={DEEP}", "query:filter/id"),
        (CURSOR_EVENTS, 'filter={"id": "a"}', "query:filter/id"), (CURSOR_EVENTS, 'filter={"x": {}}', "query:filter/x"),
        (CURSOR_EVENTS, 'filter={"data": {"$eq": "a"}}', "query:filter/data"),
        (CURSOR_EVENTS, 'filter={"id": {"$eq": 1}}', "query:filter/id/$eq"),
        (CURSOR_EVENTS, 'filter={"id": {"eq": "a"}}', "query:filter/id/eq"),
        (CURSOR_EVENTS, 'filter={"id": {"$near": "a"}}', "query:filter/id/$near"),
        (CURSOR_EVENTS, 'filter={"id": {"$in": "a"}}', "query:filter/id/$in"),
        (CURSOR_EVENTS, 'filter={"id": {"$in": [1]}}', "query:filter/id/$in/0"),
        (CURSOR_EVENTS, 'filter={"id": {"$and": {}}}', "query:filter/id/$and"),
        (CURSOR_EVENTS, 'filter={"id": {"$eq": "\\u0000"}}', "query:filter"),
        (CURSOR_EVENTS, 'filter={"id": {"$eq": "\\ud800"}}', "query:filter"),
        (CURSOR_EVENTS, 'filter={"id": {"$like": "a\\\\"}}', "query:filter/id/$like"),
        (CURSOR_EVENTS, 'filter={"id": {"$nilike": "\\\\\\\\\\\\"}}', "query:filter/id/$nilike"),
        (CURSOR_EVENTS, 'filter={"time": {"$gt": "2026-03-01T10:00:00"}}', "query:filter/time/$gt"),
        (CURSOR_EVENTS, 'filter={"time": {"$gt": 1772359200}}', "query:filter/time/$gt"),
        (CURSOR_EVENTS, 'filter={"time": {"$eq": "2026-03-01T10:00:00Z"}}', "query:filter/time/$eq"),
        (CURSOR_EVENTS, 'filter={"customerId": {"$in": ["acme"]}}', "query:filter/customerId/$in/0"),
        (CURSOR_EVENTS, f'filter={{"customerId": {{"$in": ["{UNKNOWN}"]}}}}', "/customerId/0"),
        (CURSOR_EVENTS, f'filter={{"customerId": {{"$eq": "{UNKNOWN}"}}}}', "query:filter/customerId/$eq"),
    ],
    ids=lambda value: value[:60],
)  # fmt: skip
def test_a_faulty_list_request_is_refused_at_its_fault(people: People, path: str, query: str, field: str) -> None:
    status, problem = people("GET", path, query=query)
    assert status == 400, problem
    assert {at_fault for at_fault, _ in faults_of(problem)} == {field}
