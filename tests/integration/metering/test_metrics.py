"""Today's events by subject, each identity once, on the real engine."""

from datetime import timedelta

import pytest

from meterhouse.metering.cloud_event import CloudEvent
from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.postgres import Database
from tests.integration.metering.house import T0, call
from tests.integration.metering.people import People

METRICS = "/api/v1/debug/metrics"
DAY = timedelta(days=1)


@pytest.fixture
def people(database: Database, usage_store: ClickHouse, namespace: str) -> People:
    return People(database, usage_store, namespace)


def counted(people: People) -> dict[str, int]:
    answer = people.send("GET", METRICS)
    assert (answer["statusCode"], answer["headers"]["Content-Type"]) == (200, "text/plain; charset=utf-8")
    samples = [line.split("} ") for line in answer["body"].splitlines() if line.startswith("openmeter_events_total")]
    return {labels.partition('"')[2].rpartition('"')[0]: int(value) for labels, value in samples}


def test_events_are_counted_by_subject_whatever_their_time(people: People) -> None:
    people.sink(call("1", 1), call("2", 1, T0 - 40 * DAY), call("3", 1, subject="bob"))
    assert counted(people) == {"alice": 2, "bob": 1}


def test_an_event_sent_again_counts_once_for_the_subject_it_was_first_sent_with(people: People) -> None:
    people.sink(call("1", 1), call("2", 1, subject="bob"))
    people.sink(call("1", 1), call("1", 2, T0 + DAY), call("1", 3, subject="carol"), call("2", 1, subject="bob"))
    assert counted(people) == {"alice": 1, "bob": 1}


@pytest.mark.parametrize("again", [call("1", 1), call("1", 1, T0 + DAY), call("1", 1, subject="bob")])
def test_yesterday_s_event_that_is_sent_again_today_is_none_of_today_s(people: People, again: CloudEvent) -> None:
    people.sink(call("1", 1))
    people.house.clock = T0 + DAY
    people.sink(again, call("2", 1, subject="carol"), ingested_at=T0 + DAY)
    assert counted(people) == {"carol": 1}


def test_the_counters_start_anew_at_midnight_utc(people: People) -> None:
    people.sink(call("1", 1))
    people.house.clock = (T0 + DAY).replace(hour=0, minute=0)
    assert counted(people) == {}


def test_another_namespace_s_events_are_not_counted(people: People) -> None:
    people.sink(call("1", 1))
    assert "openmeter_events_total" not in people.send("GET", METRICS, namespace=f"{people.namespace}-b")["body"]


def test_scrapers_that_ask_for_open_metrics_get_its_media_type(people: People) -> None:
    answer = people.send("GET", METRICS, headers={"accept": "application/openmetrics-text; version=1.0.0"})
    assert answer["headers"]["Content-Type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert answer["body"].endswith("# EOF\n")
