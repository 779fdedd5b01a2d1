"""Later writings with another body are listed beside the first, which counts."""

from datetime import timedelta
from urllib.parse import quote

import pytest

from tests.integration.metering.house import T0, call
from tests.integration.metering.log_house import LogHouse


def test_conflicts_are_listed_with_the_first_writing_the_latest_first(logged: LogHouse) -> None:
    logged.ingest(call("1"), call("2"), call("3"))
    logged.sink()
    logged.ingest(call("1", 2, subject="bob"), call("2"), at=T0 + timedelta(seconds=1))
    logged.sink()
    logged.ingest(call("3", at=T0 + timedelta(minutes=1)), call("1", 3), at=T0 + timedelta(seconds=2))
    logged.sink()
    first = {"type": "call", "subject": "alice", "time": "2026-03-01T10:15:00Z", "ingestedAt": "2026-03-01T10:15:00Z"}
    later, last = first | {"ingestedAt": "2026-03-01T10:15:01Z"}, first | {"ingestedAt": "2026-03-01T10:15:02Z"}
    expected = [
        {"id": "1", "source": "test", "first": first, "later": last},
        {"id": "3", "source": "test", "first": first, "later": last | {"time": "2026-03-01T10:16:00Z"}},
        {"id": "1", "source": "test", "first": first, "later": later | {"subject": "bob"}},
    ]
    assert logged.ask("GET", "conflicts") == (200, {"items": expected})
    pages, cursor = [], ""
    for _ in expected:
        status, page = logged.ask("GET", "conflicts", f"limit=1{cursor}")
        assert status == 200
        pages += page["items"]
        cursor = f"&cursor={quote(page['nextCursor'])}"
    assert pages == expected
    assert logged.ask("GET", "conflicts", f"limit=1{cursor}") == (200, {"items": []})


def test_a_repeated_writing_is_no_conflict_and_neither_is_another_source(logged: LogHouse) -> None:
    elsewhere = call("1", 2)
    elsewhere.source = "elsewhere"
    logged.ingest(call("1"), call("1"), elsewhere)
    with logged.delivered() as records:
        for _ in range(2):
            logged.sinks()(records)
    assert logged.ask("GET", "conflicts") == (200, {"items": []})


@pytest.mark.parametrize("path", ["conservation", "conflicts"])
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=yesterday", "query:from"),
        ("to=2026-03-01", "query:to"),
        ("from=2026-03-01T10:00:00", "query:from"),
        ("from=0001-01-01T00:00:00Z", "query:from"),
        ("to=9999-12-31T23:59:59Z", "query:to"),
        ("to=1970-01-01T00:00:00Z", "query:to"),
        ("from=2026-03-01T10:00:00Z&to=2026-03-01T10:00:00Z", "query:to"),
        ("from=2026-03-01T11:00:00Z&to=2026-03-01T10:00:00Z", "query:to"),
        ("from=2026-03-02T11:00:00Z", "query:from"),
        ("from=2026-01-01T00:00:00Z&to=2026-03-01T00:00:00Z", "query:from"),
    ],
)
def test_a_period_that_cannot_be_reported_is_refused(logged: LogHouse, path: str, query: str, field: str) -> None:
    status, problem = logged.ask("GET", path, query)
    assert (status, [fault["field"] for fault in problem["extensions"]["validationErrors"]]) == (400, [field])


@pytest.mark.parametrize("path", ["conflicts", "dead-letters"])
@pytest.mark.parametrize(
    ("query", "field"),
    [
        *[(f"limit={text}", "query:limit") for text in ("0", "-1", "1001", "ten", "", "1e3", "9" * 30)],
        *[
            (f"cursor={quote(text)}", "query:cursor")
            for text in (
                "x",
                "ä",
                "MTIz" * 20,
                "MTo5OTk5OTk5OTk5OTk5OTk5OTk5OTk6LTE=",
                "OTk5OTk5OTk5OTk5OTk5OTk5OjE6MQ==",
            )
        ],
    ],
)
def test_a_page_that_cannot_be_is_refused(logged: LogHouse, path: str, query: str, field: str) -> None:
    status, problem = logged.ask("GET", path, query)
    assert (status, [fault["field"] for fault in problem["extensions"]["validationErrors"]]) == (400, [field])


@pytest.mark.parametrize("meter", ["unknown", "", "'; DROP TABLE events", "%F0%9F%98%80", "0" * 5000])
def test_a_meter_that_is_not_there_is_not_found(logged: LogHouse, meter: str) -> None:
    assert logged.ask("GET", "conservation", f"meter={quote(meter)}")[0] == 404
