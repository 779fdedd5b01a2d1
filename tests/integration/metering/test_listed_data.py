"""The data of listed events: as it came, and never more of it than an answer may hold."""

import json
from typing import Any

import pytest
from msgspec import Raw

from meterhouse.metering.cloud_event import CloudEvent
from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.http import LARGEST_ANSWER
from meterhouse.platform.postgres import Database
from tests.integration.metering.house import call
from tests.integration.metering.people import CURSOR_EVENTS, EVENTS, People

LARGE = '{"text": "' + "x" * 1_800_000 + '"}'


@pytest.fixture
def people(database: Database, usage_store: ClickHouse, namespace: str) -> People:
    return People(database, usage_store, namespace)


def event(event_id: str, data: str) -> CloudEvent:
    made = call(event_id)
    made.data = Raw(data.encode())
    return made


@pytest.mark.parametrize("path", [EVENTS, CURSOR_EVENTS])
@pytest.mark.parametrize(
    "data",
    [
        '{"value": 0.1000000000000000000000000000000001, "big": 1e400, "zero": -0.0}',
        f'{{"value": {"9" * 4_301}}}',
        '{"value": 1e1000000000000000000}',
        '{ "value" : 1 , "value" : 2.50 }',
        '{"text": "é\\u00e9\\u0000😀\\"\\\\"}',
        '{"a":' * 127 + "1" + "}" * 127,
        "{}",
    ],
    ids=lambda text: text[:30],
)
def test_data_is_listed_as_it_came(people: People, path: str, data: str) -> None:
    people.sink(event("1", data))
    answer = people.send("GET", path)
    assert answer["statusCode"] == 200
    assert f'"data":{data}' in answer["body"]
    assert json.loads(answer["body"], parse_int=str, parse_float=str)


def walk(people: People, query: str = "limit=100") -> list[list[dict[str, Any]]]:
    """The pages of the cursor list, each of which fits an answer."""
    pages, cursor = [], ""
    while True:
        answer = people.send("GET", CURSOR_EVENTS, query=f"{query}{cursor}")
        size = len(json.dumps(answer, ensure_ascii=False).encode())
        assert (answer["statusCode"], size < 6_000_000) == (200, True)
        page = json.loads(answer["body"])
        pages.append(page["items"])
        if "nextCursor" not in page:
            return pages
        cursor = f"&cursor={page['nextCursor']}"


@pytest.mark.parametrize("text", ["x" * 1_500_000, "é" * 800_000, '\\"' * 400_000, "\\u0001" * 250_000])
def test_a_page_ends_where_an_answer_is_full_and_the_cursor_goes_on(people: People, text: str) -> None:
    data = f'{{"text": "{text}"}}'
    for number in range(7):
        people.sink(event(str(number), data))
    pages = walk(people)
    assert len(pages) > 2
    assert [one["event"]["id"] for page in pages for one in page] == list("6543210")
    assert all(one["event"]["data"] == json.loads(data) for page in pages for one in page)


def test_a_list_without_cursor_says_when_it_is_too_large(people: People) -> None:
    for number in range(4):
        people.sink(event(str(number), LARGE))
    status, problem = people("GET", EVENTS)
    assert (status, problem["code"]) == (422, "answer_too_large")
    assert len(people.listed(EVENTS, limit="2")) == 2


@pytest.mark.parametrize("text", ["x" * LARGEST_ANSWER, '\\"' * (LARGEST_ANSWER // 4)])
def test_an_event_larger_than_any_answer_is_listed_without_its_data(people: People, text: str) -> None:
    people.sink(event("1", LARGE), event("2", f'{{"text": "{text}"}}'), event("3", LARGE))
    listed = [one for page in walk(people) for one in page]
    assert [(one["event"]["id"], "data" in one["event"]) for one in listed] == [("3", True), ("2", False), ("1", True)]
    assert listed[1]["validationError"].startswith("data is left out: an answer does not hold it")
    assert people.listed(EVENTS, id="2")[0]["validationError"] == listed[1]["validationError"]
