"""Dead letters are listed, shown and replayed, exactly: a poisoned record counts once after the bug is gone."""

import json
from base64 import b64decode
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from msgspec.json import encode

from meterhouse.kernel.errors import Unavailable
from meterhouse.kernel.instant import format_rfc3339
from meterhouse.metering import sink as sink_module
from meterhouse.metering.clickhouse import ClickHouseUsage
from meterhouse.metering.postgres_replays import PostgresReplays
from meterhouse.metering.record import Poison
from meterhouse.metering.usage import UsageQuery
from tests.integration.metering.house import T0, call
from tests.integration.metering.log_house import LogHouse

T0_MS = int(T0.timestamp() * 1000)


def refuse(_: bytes) -> Any:
    raise Poison("not readable: a bug")


@pytest.fixture
def buried(logged: LogHouse, monkeypatch: pytest.MonkeyPatch) -> str:
    """The id of a letter with two good events, which a sink with a bug buried."""
    logged.house.meter()
    logged.ingest(call("1", 10), call("2", 5))
    with monkeypatch.context() as patched:
        patched.setattr(sink_module, "decode_record", refuse)
        logged.sink()
    [letter] = logged.ask("GET", "dead-letters")[1]["items"]
    letter_id: str = letter["id"]
    return letter_id


def usage(logged: LogHouse) -> object:
    rows = ClickHouseUsage(logged.house.store).query(logged.namespace, UsageQuery(logged.house.meters[0]))
    return sum(row.value for row in rows)


def test_a_letter_says_where_its_record_stood_and_why_it_died(logged: LogHouse, buried: str) -> None:
    status, shown = logged.ask("GET", f"dead-letters/{buried}")
    assert status == 200
    value = b64decode(shown.pop("recordBase64"))
    assert json.loads(shown.pop("preview"))["events"][0]["id"] == "1"
    assert (buried, logged.settings.events_topic) == (shown["id"], shown["topic"])
    assert (shown["offset"], shown["reason"], shown["bytes"]) == (0, "not readable: a bug", len(value))
    assert "replayedAt" not in shown
    assert logged.ask("GET", "dead-letters") == (200, {"items": [shown]})


def test_a_replayed_letter_counts_once_however_often_it_is_replayed(logged: LogHouse, buried: str) -> None:
    assert (usage(logged), logged.totals()) == (0, {"accepted": 2, "dead": 2})
    next_instant = logged.house.clock + timedelta(seconds=1)
    answers = [logged.ask("POST", f"dead-letters/{buried}/replay") for _ in range(2)]
    assert answers[0] == answers[1] == logged.ask("GET", f"dead-letters/{buried}")
    assert answers[0][1]["replayedAt"] == format_rfc3339(next_instant)
    [record] = logged.sink()
    assert (record.timestamp_ms, record.headers) == (T0_MS, {"events": b"2"})
    assert record.value == b64decode(answers[0][1]["recordBase64"])
    assert (usage(logged), logged.totals()) == (15, {"accepted": 4, "dead": 2, "counted": 2})


def test_a_crash_between_producing_and_remembering_is_harmless(
    logged: LogHouse, buried: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise Unavailable("crashed")

    with monkeypatch.context() as patched:
        patched.setattr(PostgresReplays, "add", die)
        assert logged.ask("POST", f"dead-letters/{buried}/replay")[0] == 503
    assert "replayedAt" not in logged.ask("GET", f"dead-letters/{buried}")[1]
    assert logged.ask("POST", f"dead-letters/{buried}/replay")[0] == 200
    assert len(logged.sink()) == 2
    assert (usage(logged), logged.totals()) == (15, {"accepted": 6, "dead": 2, "counted": 2, "duplicate": 2})


def test_a_letter_replayed_too_early_is_buried_again_as_a_letter_of_its_own(
    logged: LogHouse, buried: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged.ask("POST", f"dead-letters/{buried}/replay")
    with monkeypatch.context() as patched:
        patched.setattr(sink_module, "decode_record", refuse)
        logged.sink()
    again, first = logged.ask("GET", "dead-letters")[1]["items"]
    assert (first["id"], again["offset"], "replayedAt" in again) == (buried, 1, False)
    assert logged.totals() == {"accepted": 4, "dead": 4}
    logged.ask("POST", f"dead-letters/{again['id']}/replay")
    logged.sink()
    assert (usage(logged), logged.totals()) == (15, {"accepted": 6, "dead": 4, "counted": 2})


def test_letters_are_listed_the_latest_first_page_by_page(logged: LogHouse) -> None:
    for number in range(5):
        logged.producer.send(logged.settings.events_topic, logged.namespace.encode(), b"x" * number)
    logged.sink()
    pages, cursor = [], ""
    for _ in range(3):
        status, page = logged.ask("GET", "dead-letters", f"limit=2{cursor}")
        assert status == 200
        pages += page["items"]
        cursor = f"&cursor={quote(page.get('nextCursor', ''))}"
    assert [letter["bytes"] for letter in pages] == [4, 3, 2, 1, 0]
    assert "nextCursor" not in page


@pytest.mark.parametrize(
    ("value", "start"),
    [
        (b"", ""),
        (None, ""),
        (b"plain text", "plain text"),
        (b"\xff\0\x1b[2J", r"\xff\x00\x1b[2J"),
        (b"\xff" * 4_000_000, r"\xff\xff"),
        (encode({"events": ["x" * 5000]}), '{"events":["xxx'),
    ],
)
def test_a_preview_is_short_and_holds_nothing_that_cannot_be_printed(
    logged: LogHouse, value: bytes | None, start: str
) -> None:
    logged.producer.send(logged.settings.events_topic, logged.namespace.encode(), value)
    logged.sink()
    [letter] = logged.ask("GET", "dead-letters")[1]["items"]
    _, shown = logged.ask("GET", f"dead-letters/{letter['id']}")
    assert shown["preview"].startswith(start)
    assert len(shown["preview"]) <= 2000
    assert b64decode(shown["recordBase64"]) == (value or b"")
    assert logged.ask("POST", f"dead-letters/{letter['id']}/replay")[0] == 200


def test_a_letter_that_does_not_say_whence_it_came_is_shown_all_the_same(logged: LogHouse) -> None:
    topic, key = logged.settings.dead_letter_topic, logged.namespace.encode()
    for headers in ({}, {"partition": "-1", "offset": "x"}, {"partition": "70000", "offset": "1"}, {"timestamp": "x"}):
        logged.producer.send(topic, key, b"x", headers)
    listed = logged.ask("GET", "dead-letters")[1]["items"]
    assert [(one["topic"], one["reason"]) for one in listed] == [("", "no reason given")] * 4


@pytest.mark.parametrize(
    "letter_id",
    ["0-99", "7-0", "x", "0", "0-", "-0", "0-0-0", "\u0660-\u0660", "99999-999999999999999999", "0" * 3000, "'"],
)
@pytest.mark.parametrize(("method", "suffix"), [("GET", ""), ("POST", "/replay")])
def test_a_letter_that_is_not_there_is_not_found(logged: LogHouse, letter_id: str, method: str, suffix: str) -> None:
    assert logged.ask(method, f"dead-letters/{quote(letter_id)}{suffix}")[0] == 404


@pytest.mark.parametrize(("method", "suffix"), [("GET", ""), ("POST", "/replay")])
def test_a_letter_of_another_namespace_is_not_found(logged: LogHouse, buried: str, method: str, suffix: str) -> None:
    assert logged.ask(method, f"dead-letters/{buried}{suffix}", namespace="stranger")[0] == 404
    assert logged.sink() == []
