"""Meters, usage and events over HTTP, on the real stores."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest

from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.postgres import Database
from tests.integration.metering.house import T0, call
from tests.integration.metering.people import People
from tests.problems import faults_of

METERS, EVENTS = "/api/v1/meters", "/api/v1/events"
MILES = {"slug": "miles", "aggregation": "SUM", "eventType": "call", "valueProperty": "$.value",
         "groupBy": {"region": "$.region"}, "name": "Miles", "metadata": {"a": "b"}}  # fmt: skip
HOUR = timedelta(hours=1)


class InUse:
    """A feature named `busy` stands on every meter and filters on `region`."""

    def group_bys_in_use(self, namespace: str, meter_id: str) -> dict[str, list[str]]:
        assert namespace
        assert meter_id
        return {"busy": ["region"]}


@pytest.fixture
def api(database: Database, usage_store: ClickHouse, namespace: str) -> People:
    return People(database, usage_store, namespace)


def test_a_meter_is_created_read_changed_listed_and_deleted(api: People) -> None:
    status, meter = api("POST", METERS, MILES)
    assert (status, {name: meter[name] for name in MILES}) == (201, MILES)
    assert api("GET", f"{METERS}/miles") == api("GET", f"{METERS}/{meter['id']}") == (200, meter)
    status, changed = api("PUT", f"{METERS}/miles", {"name": "New", "groupBy": {"tier": "$.tier"}})
    assert (status, changed["name"], changed["groupBy"], changed["metadata"]) == (
        200,
        "New",
        {"tier": "$.tier"},
        {"a": "b"},
    )
    assert api("GET", METERS) == (200, [changed])
    assert api("DELETE", f"{METERS}/miles") == (204, None)
    assert api("GET", f"{METERS}/miles")[0] == api("DELETE", f"{METERS}/miles")[0] == 404
    assert api("GET", METERS) == (200, [])
    _, [deleted] = api("GET", METERS, query="includeDeleted=true")
    assert deleted["deletedAt"] == deleted["updatedAt"]
    assert api("POST", METERS, MILES)[0] == 201


def test_what_never_changes_of_a_meter_may_be_repeated_and_is_a_conflict_otherwise(api: People) -> None:
    _, meter = api("POST", METERS, MILES | {"eventFrom": "2026-01-01T00:00:00Z"})
    fixed = ("slug", "aggregation", "eventType", "valueProperty", "eventFrom")
    repeated = {name: meter[name] for name in (*fixed, "name", "groupBy", "metadata")}
    assert api("PUT", f"{METERS}/miles", repeated)[0] == 200
    others = {"slug": "other", "aggregation": "MAX", "eventType": "x", "valueProperty": "$.x", "eventFrom": None}
    status, problem = api("PUT", f"{METERS}/miles", others)
    assert (status, problem["code"]) == (409, "meter_immutable")
    assert {*faults_of(problem)} == {(f"/{name}", "immutable") for name in fixed}
    assert api("GET", f"{METERS}/miles")[1]["aggregation"] == "SUM"


def test_a_deleted_meter_s_usage_is_still_asked_by_its_id(api: People) -> None:
    _, meter = api("POST", METERS, MILES)
    api.sink(call("1", 5))
    api("DELETE", f"{METERS}/miles")
    assert api("GET", f"{METERS}/miles/query")[0] == 404
    assert api("GET", f"{METERS}/{meter['id']}/query")[1]["data"][0]["value"] == 5


def test_an_answer_is_bounded_and_says_so(api: People, monkeypatch: pytest.MonkeyPatch) -> None:
    api("POST", METERS, MILES)
    api.sink(*(call(str(number), 1, T0 + number * HOUR) for number in range(4)))
    period = "windowSize=MINUTE&from=2026-01-01T00:00:00Z&to=2026-03-01T00:00:00Z"
    status, problem = api("GET", f"{METERS}/miles/query", query=period)
    assert (status, {*faults_of(problem)}) == (400, {("/windowSize", "too_many_windows")})
    monkeypatch.setattr("meterhouse.metering.query_usage.MOST_ROWS", 3)
    status, problem = api("GET", f"{METERS}/miles/query", query="windowSize=HOUR")
    assert (status, problem["code"]) == (422, "too_many_rows")
    assert "3 rows" in problem["detail"]
    assert api("GET", f"{METERS}/miles/query", query="windowSize=DAY")[0] == 200
    monkeypatch.setattr("meterhouse.platform.http.LARGEST_ANSWER", 100)
    status, problem = api("GET", f"{METERS}/miles/query", query="windowSize=DAY")
    assert (status, problem["code"]) == (422, "answer_too_large")


def test_a_taken_slug_is_a_conflict(api: People) -> None:
    api("POST", METERS, MILES)
    status, problem = api("POST", METERS, MILES)
    assert (status, problem["code"]) == (409, "meter_slug_taken")


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"aggregation": "MAX", "valueProperty": None}, {("/valueProperty", "missing")}),
        ({"aggregation": "MEDIAN"}, {("/aggregation", "enum")}),
        ({"aggregation": "COUNT"}, {("/valueProperty", "not_allowed")}),
        ({"valueProperty": None}, {("/valueProperty", "missing")}),
        ({"valueProperty": "distance"}, {("/valueProperty", "json_path")}),
        ({"valueProperty": "$.["}, {("/valueProperty", "json_path")}),
        ({"valueProperty": "$..*..*", "groupBy": {"a": "$.a[?$..b]"}},
         {("/valueProperty", "json_path"), ("/groupBy/a", "json_path")}),
        ({"eventType": "openmeter.x"}, {("/eventType", "reserved_event_type")}),
        ({"groupBy": {"1a": "$.a", "b": "b", "c": "$.value", "subject": "$.s"}},
         {("/groupBy/1a", "invalid_name"), ("/groupBy/b", "json_path"), ("/groupBy/c", "value_property"),
          ("/groupBy/subject", "reserved_name")}),
        ({"slug": "Bad Slug"}, {("/slug", "string_pattern_mismatch")}),
        ({"sulg": "x"}, {("/sulg", "extra_forbidden")}),
    ],
)  # fmt: skip
def test_a_faulty_meter_is_refused_with_all_its_faults(api: People, change: Any, found: set[tuple[str, str]]) -> None:
    status, problem = api("POST", METERS, MILES | change)
    assert (status, {*faults_of(problem)}) == (400, found)


def test_a_meter_in_use_keeps_its_features_groups_and_life(
    api: People, database: Database, usage_store: ClickHouse, namespace: str
) -> None:
    api("POST", METERS, MILES)
    api = People(database, usage_store, namespace, InUse())
    status, problem = api("DELETE", f"{METERS}/miles")
    assert (status, problem["code"]) == (409, "meter_in_use")
    status, problem = api("PUT", f"{METERS}/miles", {"groupBy": {}})
    assert (status, problem["code"]) == (409, "meter_group_by_in_use")
    assert api("PUT", f"{METERS}/miles", {"name": "New"})[0] == 200


def test_meters_are_listed_in_the_order_asked_for_page_by_page(api: People) -> None:
    for slug in ("b", "a", "c"):
        api("POST", METERS, MILES | {"slug": slug})
    slugs = [
        meter["slug"]
        for page in (1, 2)
        for meter in api("GET", METERS, query=f"orderBy=key&order=DESC&pageSize=2&page={page}")[1]
    ]
    assert slugs == ["c", "b", "a"]


def test_another_namespace_s_meter_is_not_found(api: People) -> None:
    api("POST", METERS, MILES)
    assert api("GET", f"{METERS}/miles", namespace="another")[0] == 404
    assert api("GET", f"{METERS}/miles/query", namespace="another")[0] == 404


def test_usage_is_asked_by_get_and_post_as_json_and_csv(api: People) -> None:
    api("POST", METERS, MILES)
    api.sink(
        call("1", "1.5", region="eu"), call("2", 2, region="us", subject="bob"), call("3", 4, T0 + HOUR, region="us")
    )
    status, result = api("GET", f"{METERS}/miles/query")
    row = {
        "value": 7.5,
        "exactValue": "7.5",
        "windowStart": "2026-03-01T10:15:00Z",
        "windowEnd": "2026-03-01T11:16:00Z",
        "subject": None,
        "groupBy": {},
    }
    assert (status, result) == (200, {"data": [row]})
    query = "windowSize=HOUR&groupBy=region,subject&from=2026-03-01T10:00:00Z&to=2026-03-01T12:00:00Z"
    status, result = api("GET", f"{METERS}/miles/query", query=query)
    assert {name: result[name] for name in ("from", "to", "windowSize")} == {
        "from": "2026-03-01T10:00:00Z", "to": "2026-03-01T12:00:00Z", "windowSize": "HOUR"}  # fmt: skip
    found = [(one["value"], one["subject"], one["groupBy"], one["windowStart"][11:13]) for one in result["data"]]
    assert found == [
        (1.5, "alice", {"region": "eu"}, "10"),
        (2, "bob", {"region": "us"}, "10"),
        (4, "alice", {"region": "us"}, "11"),
    ]
    body = {
        "windowSize": "DAY",
        "groupBy": ["region"],
        "filterGroupBy": {"region": ["us", "x"]},
        "subject": ["bob", "alice"],
        "advancedMeterGroupByFilters": {"region": {"$like": "u%"}},
    }
    status, result = api("POST", f"{METERS}/miles/query", body)
    assert (status, [(one["subject"], one["value"]) for one in result["data"]]) == (
        200,
        [("alice", 4), ("bob", 2)],
    )
    answer = api.send(
        "POST", f"{METERS}/miles/query", body, headers={"accept": "text/csv", "content-type": "application/json"}
    )
    assert answer["statusCode"] == 200
    assert answer["body"].splitlines() == [
        "window_start,window_end,region,subject,value",
        "2026-03-01T00:00:00Z,2026-03-02T00:00:00Z,us,alice,4",
        "2026-03-01T00:00:00Z,2026-03-02T00:00:00Z,us,bob,2",
    ]
    filtered = (
        "filterGroupBy%5Bregion%5D=eu&advancedMeterGroupByFilters=%7B%22region%22%3A%7B%22%24ne%22%3A%22us%22%7D%7D"
    )
    assert api("GET", f"{METERS}/miles/query", query=filtered)[1]["data"][0]["value"] == 1.5
    assert api("GET", f"{METERS}/miles/subjects") == (200, ["alice", "bob"])
    assert api("GET", f"{METERS}/miles/subjects", query="from=2026-03-01T11:00:00Z") == (200, ["alice"])
    assert api("GET", f"{METERS}/miles/group-by/region/values") == (200, ["eu", "us"])
    assert api("GET", f"{METERS}/miles/group-by/tail/values")[0] == 404


def test_usage_of_customers_is_found_by_their_subjects(api: People) -> None:
    api("POST", METERS, MILES)
    alice = api.customer("alice")
    api.sink(call("1", 1), call("2", 2, subject="bob"))
    query = f"filterCustomerId={alice}&groupBy=customer_id"
    _, result = api("GET", f"{METERS}/miles/query", query=query)
    assert [(row["customerId"], row["value"]) for row in result["data"]] == [(alice, 1)]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "/from"),
        ("from=2026-01-02T00:00:00Z&to=2026-01-02T00:00:00Z", "/from"),
        ("from=yesterday", "query:from"),
        ("windowSize=YEAR", "query:windowSize"),
        ("windowTimeZone=Mars/Olympus", "/windowTimeZone"),
        ("windowTimeZone=../../etc/passwd", "/windowTimeZone"),
        ("groupBy=color", "/groupBy/0"),
        ("groupBy=customer_id", "/groupBy"),
        ("filterGroupBy%5Bcolor%5D=x", "/advancedMeterGroupByFilters/color"),
        ("filterGroupBy.region=us", "query:filterGroupBy.region"),
        ("advancedMeterGroupByFilters[region][$eq]=us", "query:advancedMeterGroupByFilters[region][$eq]"),
        ("filterCustomerId=01ARZ3NDEKTSV4RRFFQ69G5FAV", "/filterCustomerId/0"),
        ("advancedMeterGroupByFilters=%7B", "query:advancedMeterGroupByFilters"),
        ("advancedMeterGroupByFilters=%5B%5D", "query:advancedMeterGroupByFilters"),
        ("advancedMeterGroupByFilters=%7B%22region%22%3A%7B%22%24near%22%3A1%7D%7D",
         "query:advancedMeterGroupByFilters/region/$near"),
    ],
)  # fmt: skip
def test_a_faulty_query_is_refused_at_its_fault(api: People, query: str, field: str) -> None:
    api("POST", METERS, MILES)
    status, problem = api("GET", f"{METERS}/miles/query", query=query)
    assert (status, {one for one, _ in faults_of(problem)}) == (400, {field})


def test_a_number_that_a_double_holds_is_exact_on_the_wire(api: People) -> None:
    api("POST", METERS, MILES)
    api.sink(call("1", 2**60 + 1), call("2", 0))
    answer = api.send("GET", f"{METERS}/miles/query")
    assert json.loads(answer["body"], parse_float=Decimal)["data"][0]["value"] == 2**60 + 1


def test_events_are_listed_with_their_faults_and_customers(api: People) -> None:
    api("POST", METERS, MILES)
    alice = api.customer("alice")
    other = call("3", 1, T0 + 2 * HOUR, subject="bob")
    other.type = "unknown"
    api.sink(call("1", 1.5), call("2", "many", T0 + HOUR), other)
    status, listed = api("GET", EVENTS)
    assert (status, [one["event"]["id"] for one in listed]) == (200, ["3", "2", "1"])
    assert listed[2] == {
        "event": {"id": "1", "source": "test", "specversion": "1.0", "type": "call", "subject": "alice",
                  "time": "2026-03-01T10:15:00Z", "data": {"value": 1.5}},
        "customerId": alice, "ingestedAt": "2026-03-01T10:15:00Z", "storedAt": "2026-03-01T10:15:01Z"}  # fmt: skip
    assert listed[1]["validationError"] == "meter miles: $.value is no number"
    assert listed[0]["validationError"] == (
        "no meter found for event type: unknown; no customer found for event subject: bob"
    )


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("id=2", ["2"]), ("subject=bob", ["4"]), ("from=2026-03-01T11:15:00Z", ["4", "3"]), ("limit=1", ["4"]),
        ("from=2026-03-01T10:15:00Z&to=2026-03-01T12:15:00Z", ["3", "2"]), ("ingestedAtTo=2026-03-01T10:15:00Z", []),
        ("ingestedAtFrom=2026-03-01T10:15:00Z", ["4", "3", "2", "1"]), ("", ["4", "3", "2"]),
    ],
)  # fmt: skip
def test_events_are_filtered_and_by_default_those_of_72_hours(api: People, query: str, ids: list[str]) -> None:
    times = (T0 - 80 * HOUR, T0, T0 + HOUR)
    api.sink(
        *(call(str(number), 1, at) for number, at in enumerate(times, 1)), call("4", 1, T0 + 2 * HOUR, subject="bob")
    )
    assert [one["event"]["id"] for one in api("GET", EVENTS, query=query)[1]] == ids


def test_events_of_customers_are_those_of_their_subjects(api: People) -> None:
    alice = api.customer("alice")
    api.sink(call("1", 1), call("2", 1, subject="bob"))
    assert [one["event"]["id"] for one in api("GET", EVENTS, query=f"customerId={alice}")[1]] == ["1"]
    assert api("GET", EVENTS, query="customerId=01ARZ3NDEKTSV4RRFFQ69G5FAV")[0] == 400


def test_the_cursor_walks_over_all_events_once(api: People) -> None:
    api.sink(*(call(str(number), 1, T0 - (number // 3) * 100 * HOUR) for number in range(10)))
    seen, cursor = [], ""
    while True:
        status, page = api("GET", "/api/v2/events", query=f"limit=4{cursor}")
        assert status == 200
        seen += [one["event"]["id"] for one in page["items"]]
        if "nextCursor" not in page:
            break
        cursor = f"&cursor={page['nextCursor']}"
    assert sorted(seen) == sorted(map(str, range(10)))


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        ({"id": {"$in": ["1", "9"]}}, ["1"]), ({"subject": {"$ne": "alice"}}, ["2"]), ({"type": {"$eq": "x"}}, []),
        ({"time": {"$gte": "2026-03-01T11:15:00Z"}}, ["2"]), ({"ingestedAt": {"$lt": "2026-03-01T10:15:00Z"}}, []),
        ({"time": {"$or": [{"$lt": "2026-03-01T10:15:01Z"}, {"$gt": "2027-01-01T00:00:00Z"}]}}, ["1"]),
        ({"source": {"$like": "te%"}}, ["2", "1"]),
    ],
)  # fmt: skip
def test_the_cursor_list_is_filtered(api: People, wanted: dict[str, Any], ids: list[str]) -> None:
    api.sink(call("1", 1), call("2", 1, T0 + HOUR, subject="bob"))
    _, page = api("GET", "/api/v2/events", query=f"filter={quote(json.dumps(wanted))}")
    assert [one["event"]["id"] for one in page["items"]] == ids


@pytest.mark.parametrize("query", ["cursor=x", "cursor=MTow", "limit=0", "limit=101", "filter=%7B", "filter=%5B%5D",
                                   "filter=%7B%22x%22%3A1%7D", "cursor=MTpOYU4%3D"])  # fmt: skip
def test_a_faulty_list_request_is_refused(api: People, query: str) -> None:
    status, _ = api("GET", "/api/v2/events", query=query)
    assert status == (200 if query == "cursor=MTow" else 400)


def test_how_far_earlier_events_are_read_is_told(api: People) -> None:
    _, meter = api("POST", METERS, MILES)
    waiting = {"meterId": meter["id"], "status": "pending", "readEvents": 0, "totalEvents": 0}
    assert api("GET", f"{METERS}/miles/backfill") == (200, waiting)
    assert api("GET", f"{METERS}/{meter['id']}/backfill") == (200, waiting)
    assert api("GET", f"{METERS}/miles/backfill", namespace="another")[0] == 404
    assert api("GET", f"{METERS}/nothing/backfill")[0] == 404
