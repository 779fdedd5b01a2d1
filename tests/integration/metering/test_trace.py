"""How far one event got, told at every stage of its way."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from meterhouse.customers.model import CustomerDetails
from meterhouse.metering.aggregation import Aggregation
from tests.integration.metering.house import T0, call
from tests.integration.metering.log_house import LogHouse
from tests.integration.stored import Stored


def traced(logged: LogHouse, event_id: str = "1", source: str = "test") -> dict[str, Any]:
    status, answer = logged.ask("GET", "event", urlencode({"source": source, "id": event_id}))
    assert status == 200, answer
    return dict(answer)


def test_an_event_is_followed_from_the_log_to_the_meters(logged: LogHouse) -> None:
    house = logged.house
    summed = house.meter(slug="summed")
    house.meter(slug="told", aggregation=Aggregation.UNIQUE_COUNT, value_property="$.region")
    house.meter(slug="later", event_from=T0 + timedelta(days=1))
    house.meter(slug="unread", value_property="$.nothing")
    gone = house.meter(slug="gone")
    house.delete(gone, T0 - timedelta(seconds=1))
    house.meter(slug="other", event_type="other")
    customer = Stored(logged.database, logged.namespace).put_customer(
        CustomerDetails("Ann", subject_keys=("alice",)), T0
    )

    assert (traced(logged)["stage"], traced(logged)["pendingRecords"]) == ("unknown", 0)
    logged.ingest(call("1", 7, region="eu"))
    before = traced(logged)
    assert (before["stage"], before["pendingRecords"], before["writings"]) == ("pending", 1, [])
    logged.sink()
    logged.ingest(call("1", 7, region="eu"), call("1", 8, subject="bob"), at=T0 + timedelta(seconds=1))
    logged.sink()

    found = traced(logged)
    assert (found["stage"], found["pendingRecords"], found["customerId"]) == ("counted", 0, customer.id)
    assert [(one["role"], one["subject"], one["position"]) for one in found["writings"]] == [
        ("first", "alice", 0),
        ("duplicate", "alice", 0),
        ("conflict", "bob", 1),
    ]
    assert found["writings"][0]["ingestedAt"] == "2026-03-01T10:15:00Z"
    assert '"region":"eu"' in found["data"]
    assert found["validationError"] == "meter unread: $.nothing is missing"
    told = {one["slug"]: one for one in found["meters"]}
    assert {slug: one["outcome"] for slug, one in told.items()} == {
        "later": "earlier",
        "summed": "counted",
        "told": "counted",
        "unread": "invalid",
    }
    assert (told["summed"]["id"], told["summed"]["value"]) == (summed.id, "7")
    assert (told["told"]["texts"], told["told"]["groupBy"]["region"]) == (["eu"], "eu")
    assert told["unread"]["fault"] == "meter unread: $.nothing is missing"
    assert "value" not in told["unread"]


def test_what_a_meter_has_not_read_is_waiting_or_astray(logged: LogHouse) -> None:
    logged.ingest(call("1"))
    logged.sink()
    assert traced(logged)["stage"] == "unmatched"
    late = logged.house.meter(slug="late")
    logged.incomplete.add(late.id)
    waiting = traced(logged)
    logged.incomplete.clear()
    missing = traced(logged)

    assert [(one["stage"], one["meters"][0]["outcome"]) for one in (waiting, missing)] == [
        ("waiting",) * 2,
        ("missing",) * 2,
    ]


def test_of_an_event_that_the_retention_let_go_no_fault_is_made_up(logged: LogHouse) -> None:
    logged.house.meter(slug="unread", value_property="$.region")
    logged.ingest(call("1", region="eu"))
    logged.sink()
    [read] = traced(logged)["meters"]
    logged.house.store.command("DELETE FROM events WHERE namespace = {n:String}", {"n": logged.namespace})
    found = traced(logged)

    assert (read["outcome"], read["fault"]) == ("invalid", "meter unread: $.region is no number")
    assert [one["outcome"] for one in found["meters"]] == ["invalid"]
    assert ("data" in found, "fault" in found["meters"][0]) == (False, False)


def test_an_event_of_another_source_or_namespace_is_another(logged: LogHouse) -> None:
    logged.ingest(call("1"))
    logged.sink()
    stranger = replace(logged, house=replace(logged.house, namespace="stranger"))

    assert traced(logged, source="elsewhere")["stage"] == "unknown"
    assert traced(stranger)["stage"] == "unknown"


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("", ["query:source", "query:id"]),
        ("source=&id=1", ["query:source"]),
        ("source=s&id=" + "x" * 1025, ["query:id"]),
    ],
)
def test_an_identity_that_cannot_be_is_refused(logged: LogHouse, query: str, fields: list[str]) -> None:
    status, answer = logged.ask("GET", "event", query)

    assert (status, [fault["field"] for fault in answer["extensions"]["validationErrors"]]) == (400, fields)
