"""A program that tracks usage, against the product's own ingest on a real socket, which fails in every way."""

import asyncio
import gzip
import json
import logging
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from threading import Event as Signal
from typing import Any

import pytest

from meterhouse.client import Client, Closed, Dropped, Full, Options, Unwritable, retry
from meterhouse.client.problem import FieldFault
from tests.integration.cli.endpoint import KEY, Answer, Asked, House, serving
from tests.integration.cli.given import GONE

SHARED = Path(__file__).resolve().parents[3] / "shared"
VALUE = ("GET", "/api/v1/customers/a%2Fb/entitlements/tokens/value")


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setattr(retry, "FIRST_WAIT", 1e-5)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving(House()) as served:
        yield served


@pytest.fixture
def dropped() -> list[Dropped]:
    return []


@pytest.fixture
def client(house: House, dropped: list[Dropped]) -> Iterator[Client]:
    with Client(house.url, KEY, "app", Options(batch_age=60), dropped.append) as opened:
        yield opened


def requests(house: House) -> list[bytes]:
    return [asked.body for asked in house.asked if asked.method == "POST"]


def test_usage_arrives_as_it_was_told(client: Client, house: House, dropped: list[Dropped]) -> None:
    amount = Decimal("0.10000000000000000000000001")
    ids = [client.track("t", "ua", {"v": amount, "name": "ü"}, event_id="1"), client.track("t", "ua")]

    assert client.flush(30)
    assert ids[0] == "1"
    told, bare = (house.events["app", str(event_id)] for event_id in ids)
    assert (told.type, told.subject, bytes(told.data)) == (
        "t",
        "ua",
        b'{"v":0.10000000000000000000000001,"name":"\\u00fc"}',
    )
    assert bare.time is not None
    assert (len(requests(house)), dropped) == (1, [])


def test_whatever_the_endpoint_answers_each_event_counts_once_under_the_same_bytes(
    client: Client, house: House, dropped: list[Dropped], caplog: pytest.LogCaptureFixture
) -> None:
    """Neither a key that is refused for a while, nor another server's 400, nor a lost answer loses or doubles one."""
    other = House()

    def stored_and_lost() -> Answer:
        house._ingest(house.asked[-1])
        return GONE

    with serving(other):
        statuses = (500, 502, 503, 504, 408, 401, 403, 404, 400, 429, 302, 307)
        headers = {"location": other.url, "retry-after": "0"}
        answers: list[Answer | None] = [*((status, headers, "<html>") for status in statuses), GONE, None]
        house.before = lambda _: answers.pop(0) or stored_and_lost() if answers else None
        with caplog.at_level(logging.INFO, "meterhouse.client"):
            for n in range(3):
                client.track("t", "ua", event_id=str(n))
            assert client.flush(60)

    assert (sorted(key[1] for key in house.events), house.writings, dropped) == (["0", "1", "2"], 6, [])
    assert (len(requests(house)), len(set(requests(house))), other.asked) == (15, 1, [])
    assert [record.levelname for record in caplog.records] == ["WARNING"] + ["INFO"] * 13


def test_an_answer_that_does_not_come_is_not_waited_for(house: House) -> None:
    never = Signal()
    house.before = lambda _: GONE if len(house.asked) == 1 and never.wait(30) else None

    with Client(house.url, KEY, "app", Options(answers_within=0.05)) as client:
        client.track("t", "ua", event_id="1")
        assert client.flush(20)
    never.set()

    assert set(house.events) == {("app", "1")}


def test_faulty_events_are_handed_back_with_their_faults_and_the_rest_arrives(
    client: Client, house: House, dropped: list[Dropped]
) -> None:
    for n, subject in enumerate(["ua", "", "aa", "x" * 1025, "dl"]):
        client.track("t", subject, event_id=str(n))

    assert client.flush(30)
    assert sorted(key[1] for key in house.events) == ["0", "2", "4"]
    assert [(one.event and one.event.id, one.reason) for one in dropped] == [
        ("1", "400 Bad Request"),
        ("3", "400 Bad Request"),
    ]
    assert [fault.field for one in dropped for fault in one.faults] == ["/subject", "/subject"]
    assert json.loads(dropped[0].event.text)["subject"] == "" if dropped[0].event else False


def test_a_request_that_is_refused_as_a_whole_is_sent_in_parts(
    client: Client, house: House, dropped: list[Dropped]
) -> None:
    """Where nothing says which event it is, or a proxy takes less than the endpoint."""
    problem = {"title": "Bad Request", "extensions": {"validationErrors": [{"field": "", "message": "no"}]}}

    def answer(asked: Asked) -> Answer | None:
        events = json.loads(gzip.decompress(asked.body))
        if len(events) > 2:
            return 413, {}, ""
        return (400, {}, json.dumps(problem)) if any(event["id"] == "3" for event in events) else None

    house.before = answer
    for n in range(6):
        client.track("t", "ua", event_id=str(n))

    assert client.flush(30)
    assert sorted(key[1] for key in house.events) == ["0", "1", "2", "4", "5"]
    assert [(one.event and one.event.id, one.faults) for one in dropped] == [("3", (FieldFault("", "no"),))]


def test_what_cannot_be_sent_before_the_end_is_handed_back_in_time(house: House, dropped: list[Dropped]) -> None:
    house.before = lambda _: (503, {"retry-after": "60"}, "")
    began = time.monotonic()
    with Client(house.url, KEY, "app", Options(batch_events=2, closes_within=0.1), dropped.append) as client:
        for n in range(5):
            client.track("t", "ua", event_id=str(n))
    late = client.track("t", "ua", event_id="late")

    assert time.monotonic() - began < 10
    assert late is None
    assert sorted(one.event.id for one in dropped if one.event) == ["0", "1", "2", "3", "4", "late"]


def test_what_was_handed_back_is_not_handed_back_again(house: House, dropped: list[Dropped]) -> None:
    """The end of the program closes a client once more, and the request that hung may still come back."""
    never = Signal()
    house.before = lambda _: (never.wait(30), GONE)[1]
    client = Client(house.url, KEY, "app", Options(batch_events=1), dropped.append)
    client.track("t", "ua", event_id="1")
    while not house.asked:
        time.sleep(0.001)

    assert [client.close(0), client.close(0)] == [False, True]
    never.set()
    assert client._thread is not None
    client._thread.join(20)

    assert [one.event.id for one in dropped if one.event] == ["1"]


class _Growing(dict[str, int]):
    """Another thread of the program adds to it while it is read."""

    def items(self) -> Any:
        for pair in super().items():
            self[f"{len(self)}"] = 1
            yield pair


def test_nothing_is_raised_unless_it_is_asked_for(house: House, dropped: list[Dropped]) -> None:
    def told(one: Dropped) -> None:
        dropped.append(one)
        raise RuntimeError("the program's own")

    no_mapping: Any = [1]
    house.before = lambda _: (503, {}, "")
    for strict, options in ((False, Options(buffer_events=1)), (True, Options(buffer_events=1, strict=True))):
        client = Client(house.url, KEY, "app", options, told)
        tries: list[tuple[type[Exception], Any]] = [
            (Unwritable, lambda client=client: client.track("t", "ua", {"v": object()})),
            (Unwritable, lambda client=client: client.track("t", "ua", {"v": float("nan")})),
            (Unwritable, lambda client=client: client.track("t", "ua", no_mapping)),
            (Unwritable, lambda client=client: client.track("t", "ua", {"v": _Growing(a=1)})),
            (Unwritable, lambda client=client: client.track_openai({"id": "x"}, "ua")),
            (Full, lambda client=client: [client.track("t", "ua"), client.track("t", "ua")][1]),
            (Closed, lambda client=client: [client.close(0), client.track("t", "ua")][1]),
        ]
        for kind, attempt in tries:
            if strict:
                with pytest.raises(kind):
                    attempt()
            else:
                assert attempt() is None
    assert len(dropped) == 7 + 2  # and the one that each buffer held


@pytest.mark.parametrize(
    ("url", "key"), [("ftp://h", "k"), ("http://", "k"), ("h", "k"), ("http://h", ""), ("http://h", "a\nb")]
)
def test_an_address_or_a_key_that_cannot_be_one_is_refused_at_once(url: str, key: str) -> None:
    with pytest.raises(ValueError, match=r"address|key"):
        Client(url, key, "app")


async def sent(chunks: list[dict[str, Any]]) -> AsyncIterator[dict[str, Any]]:
    for chunk in chunks:
        yield chunk


async def listed(chunks: AsyncIterator[dict[str, Any]]) -> list[dict[str, Any]]:
    return [chunk async for chunk in chunks]


def test_a_response_of_a_model_is_one_event_under_its_id(client: Client, house: House) -> None:
    usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    response = {"id": "c1", "model": "m", "created": 1767225600, "usage": usage}
    streamed: list[dict[str, Any]] = [
        {"id": "c2", "model": "m"},
        {"id": "c2", "model": "m", "usage": usage},
        {"id": "c2", "model": "m"},
    ]

    client.track_openai(response, "ua", provider="acme", processing="batch", properties={"tool": "x", "model": "y"})
    client.track_openai(response, "ua", provider="acme")
    assert list(client.track_openai_stream(streamed, "ua", properties={"tool": "s"})) == streamed
    assert asyncio.run(listed(client.track_openai_async_stream(sent(streamed), "ua", event_id="c4"))) == streamed
    with closing(client.track_openai_stream(streamed, "ua", event_id="c3")) as broken_off:
        assert [next(broken_off), next(broken_off)] == streamed[:2]

    assert client.flush(30)
    assert sorted(key[1] for key in house.events) == ["c1", "c2", "c3", "c4"]
    event = house.events["app", "c1"]
    assert (event.type, event.subject, event.time.isoformat()) == ("llm.call", "ua", "2026-01-01T00:00:00+00:00")
    told = json.loads(bytes(event.data))
    names = ("provider", "model", "processing", "tool", "input_tokens", "output_tokens")
    assert [told[name] for name in names] == ["acme", "m", "batch", "x", 7, 3]


STRANGE = "the answer says nothing of access: is this the address of a Meterhouse endpoint?"


@pytest.mark.parametrize(
    ("answer", "numbers", "config", "assumed"),
    [
        ((200, {}, '{"hasAccess":true,"balance":1.50,"usage":2,"overage":0}'), ("1.50", "2", "0"), None, ""),
        ((200, {}, '{"hasAccess":true,"config":"{}"}'), (), "{}", ""),
        (
            (200, {"X-Meterhouse-Fail-Open": "true"}, '{"hasAccess":true}'),
            (),
            None,
            "a store behind the endpoint did not answer",
        ),
        ((503, {}, ""), (), None, "503 Service Unavailable"),
        ((404, {}, '{"title":"Not Found","detail":"customer"}'), (), None, "404 Not Found: customer"),
        ((200, {}, "<html>"), (), None, STRANGE),
        ((200, {}, '{"hasAccess":"yes"}'), (), None, STRANGE),
    ],
)
def test_access_is_told_or_assumed_and_then_marked(
    client: Client, house: House, answer: Answer, numbers: tuple[str, ...], config: str | None, assumed: str
) -> None:
    house.before = lambda asked: answer if (asked.method, asked.path) == VALUE else None

    access = client.access("a/b", "tokens", within=20)

    assert (access.has_access, access.is_assumed, access.reason) == (True, assumed != "", assumed)
    told = [str(number) for number in (access.balance, access.usage, access.overage) if number is not None]
    assert (tuple(told), access.config) == (numbers, config)
    assert house.asked[-1].query == {"failOpen": ["true"]}


def test_a_customer_without_access_is_told_so(client: Client, house: House) -> None:
    house.before = lambda _: (200, {}, '{"hasAccess":false}')

    assert not client.access("a/b", "tokens", within=20)


def test_access_is_told_in_time(client: Client, house: House) -> None:
    never = Signal()
    house.before = lambda _: (never.wait(30), GONE)[1]

    access = client.access("a", "tokens", within=0.05, assume=False)
    while not house.asked:
        time.sleep(0.001)
    never.set()

    assert (access.has_access, access.is_assumed, access.reason[:9]) == (False, True, "no answer")
    assert house.asked[-1].query == {}


PROGRAM = """
import os, sys
sys.path.insert(0, sys.argv[1])
from meterhouse.client import Client, Options

client = Client(sys.argv[2], sys.argv[3], "app", Options(batch_age=60))
client.track("t", "ua", event_id="parent")
if os.fork() == 0:
    client.track("t", "ua", event_id="child")
    os._exit(0 if client.close(20) else 1)
sys.exit(os.wait()[1])
"""


def test_a_program_with_nothing_installed_may_fork_and_end_without_a_word(house: House) -> None:
    """`-S` leaves site-packages out. The parent never flushes: the end of the program does; the child sends its own."""
    words = [sys.executable, "-I", "-S", "-c", PROGRAM, str(SHARED), house.url, KEY]
    done = subprocess.run(words, check=False, capture_output=True, timeout=60)  # noqa: S603 - our own

    assert (done.returncode, done.stderr) == (0, b"")
    assert (sorted(key[1] for key in house.events), house.writings) == (["child", "parent"], 2)
