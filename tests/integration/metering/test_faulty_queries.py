"""Faulty filters of usage queries, on the real stores: each row a case, each answer a 400 that names the fault."""

from urllib.parse import quote

import pytest

from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.postgres import Database
from tests.integration.metering.house import call
from tests.integration.metering.people import People

METER = {"slug": "calls", "aggregation": "COUNT", "eventType": "call", "groupBy": {"region": "$.region"}}
QUERY = "/api/v1/meters/calls/query"
ADVANCED = "advancedMeterGroupByFilters"


@pytest.fixture
def people(database: Database, usage_store: ClickHouse, namespace: str) -> People:
    people = People(database, usage_store, namespace)
    assert people("POST", "/api/v1/meters", METER)[0] == 201
    return people


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ("", ""), ("{", ""), ("NaN", ""), ("[" * 100_000, ""), ('{"region": {"$eq": "\\u0000"}}', ""),
        ('{"region": {"$eq": "\\ud800"}}', ""), ('{"region": {"$like": "a\\\\"}}', "/region/$like"),
        ('{"region": {"$eq": 1.5}}', "/region/$eq"), ('{"region": 1.5}', "/region"),
    ],
)  # fmt: skip
def test_a_faulty_filter_of_a_usage_query_is_refused_at_its_fault(people: People, document: str, field: str) -> None:
    status, problem = people("GET", QUERY, query=f"{ADVANCED}={document}")
    assert status == 400, problem
    [fault] = problem["extensions"]["validationErrors"]
    assert fault["field"] == f"query:{ADVANCED}{field}"


def test_a_pattern_that_ends_in_an_escaped_backslash_is_one(people: People) -> None:
    assert people("GET", QUERY, query=f'{ADVANCED}={{"region": {{"$like": "a\\\\\\\\"}}}}') == (200, {"data": []})


@pytest.mark.parametrize("body", [None, "", "null", {}])
def test_a_posted_query_that_asks_for_nothing_in_particular_is_one(people: People, body: object) -> None:
    assert people("POST", QUERY, body) == (200, {"data": []})


YEAR_1, YEAR_9999 = "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"


@pytest.mark.parametrize(
    ("path", "query"),
    [
        *((QUERY, f"windowSize={size}&windowTimeZone={zone}&from={YEAR_1}") for size in ("HOUR", "DAY", "MONTH")
          for zone in ("UTC", "Europe/Berlin", "Asia/Kolkata", "America/New_York")),
        (QUERY, f"from={YEAR_1}"), (QUERY, f"from={YEAR_1}&to={YEAR_9999}"),
        (QUERY, f"windowSize=MONTH&windowTimeZone=Pacific/Kiritimati&to={YEAR_9999}"),
        ("/api/v1/meters/calls/subjects", f"from={YEAR_1}&to={YEAR_9999}"),
        ("/api/v1/meters/calls/group-by/region/values", f"from={YEAR_1}"),
    ],
)  # fmt: skip
def test_instants_at_the_ends_of_all_time_ask_for_all_usage(people: People, path: str, query: str) -> None:
    people.sink(call("1", region="us"))
    status, found = people("GET", path, query=query)
    assert (status, len(found if isinstance(found, list) else found["data"])) == (200, 1)


@pytest.mark.parametrize(
    ("path", "query"),
    [
        (QUERY, f"to={YEAR_1}"), (QUERY, f"to={YEAR_1}&windowSize=DAY&windowTimeZone=America/New_York"),
        (QUERY, f"from={YEAR_9999}&windowSize=DAY&windowTimeZone=Europe/Berlin"),
        ("/api/v1/meters/calls/group-by/region/values", f"to={YEAR_1}"),
        ("/api/v1/events", f"to={YEAR_1}"), ("/api/v1/events", f"ingestedAtTo={YEAR_1}"),
        ("/api/v1/events", f"from={YEAR_9999}"),
    ],
)  # fmt: skip
def test_a_period_before_or_after_all_usage_is_empty(people: People, path: str, query: str) -> None:
    people.sink(call("1", region="us"))
    status, found = people("GET", path, query=query)
    assert (status, found if isinstance(found, list) else found["data"]) == (200, [])


def test_a_meter_that_begins_before_all_time_counts_everything(people: People) -> None:
    status, _ = people("POST", "/api/v1/meters", METER | {"slug": "old", "eventFrom": YEAR_1})
    assert status == 201
    people.sink(call("1"))
    query = "windowSize=DAY&windowTimeZone=America/New_York"
    assert [row["value"] for row in people("GET", "/api/v1/meters/old/query", query=query)[1]["data"]] == [1]


@pytest.mark.parametrize("body", ["{", "[]", "1.5", '"x"', "7", '{"x": 1}', '{"clientId": ""}'])
def test_a_faulty_posted_query_is_refused(people: People, body: str) -> None:
    assert people("POST", QUERY, body)[0] == 400


def test_a_mapping_as_the_official_client_prints_it_filters(people: People) -> None:
    people.sink(call("1", region="it's"), call("2", region="us"), call("3", region="us"))
    for query, count in (("{'region': 'us'}", 2), ('{"region": "it\'s"}', 1), ("{'region': 'x'}", None), ("{}", 3)):
        status, result = people("GET", QUERY, query=f"filterGroupBy={quote(query)}")
        assert (status, [row["value"] for row in result["data"]]) == (200, [] if count is None else [count])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "us",
        "[]",
        "{'region': 1}",
        "{1: 'us'}",
        "{'region'}",
        "{" * 5000,
        "a\n",
        "(" * 9000,
        "{[]: 'a'}",
        "{'a': '\\0'}",
        "{'a': '\\ud800'}",
        "-" * 9000 + "1",
    ],
)
def test_a_mapping_that_is_none_is_refused(people: People, text: str) -> None:
    status, problem = people("GET", QUERY, query=f"filterGroupBy={quote(text)}")
    assert (status, problem["extensions"]["validationErrors"][0]["field"]) == (400, "query:filterGroupBy")
