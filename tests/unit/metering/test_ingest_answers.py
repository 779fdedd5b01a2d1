"""Every answer that ingest may give, through the function's own handler; only the log is a fake."""

import gzip
import json
import tracemalloc
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.kernel.errors import TooLarge, Unavailable
from meterhouse.metering.binary_event import ATTRIBUTES
from meterhouse.metering.cloud_event import CloudEvent
from meterhouse.metering.event import EARLIEST, LATEST
from meterhouse.metering.ingest import IngestEvents
from meterhouse.metering.ingest_api import ingest_handler
from meterhouse.metering.record import decode_record
from meterhouse.metering.request import Limits
from tests.unit.metering.ingest_corpus import (
    ACCEPTED,
    BATCH,
    EITHER,
    ONE,
    REFUSED,
    SMALL,
    binary,
    event_text,
    request,
    sent,
)

AT = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)


@dataclass
class RecordingLog:
    fault: Exception | None = None
    records: list[tuple[str, bytes]] = field(default_factory=list)
    beside: list[tuple[int, datetime]] = field(default_factory=list)

    def append(self, namespace: str, record: bytes, count: int, ingested_at: datetime) -> None:
        if self.fault is not None:
            raise self.fault
        self.records.append((namespace, record))
        self.beside.append((count, ingested_at))


def answer(event: dict[str, Any], log: RecordingLog | None = None, limits: Limits | None = None) -> dict[str, Any]:
    return ingest_handler(IngestEvents(log or RecordingLog(), lambda: AT, limits))(event, None)


@pytest.mark.parametrize(("event", "status", "pointers"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_a_faulty_request_is_refused_whole(event: dict[str, Any], status: int, pointers: list[str]) -> None:
    log = RecordingLog()
    refused = answer(event, log, SMALL)
    problem = json.loads(refused["body"])
    found = [fault["field"] for fault in problem.get("extensions", {}).get("validationErrors", [])]
    assert (refused["statusCode"], found) == (status, pointers), problem
    assert refused["headers"]["content-type"] == "application/problem+json"
    assert (problem["status"], problem["instance"], problem["requestId"]) == (status, "urn:request:r-1", "r-1")
    assert log.records == []


@pytest.mark.parametrize(("event", "count"), [row[1:] for row in ACCEPTED], ids=[row[0] for row in ACCEPTED])
def test_a_sound_request_becomes_one_record_of_its_namespace(event: dict[str, Any], count: int) -> None:
    log = RecordingLog()
    accepted = answer(event, log)
    assert accepted == {"statusCode": 204, "headers": {"x-request-id": "r-1"}}
    [(namespace, value)] = log.records
    record = decode_record(value)
    assert (namespace, record.namespace, record.ingested_at, len(record.events)) == ("acme", "acme", AT, count)
    assert log.beside == [(count, AT)]


@pytest.mark.parametrize("content_type", [BATCH, EITHER])
def test_a_batch_of_no_events_is_taken_and_the_log_is_told_nothing(content_type: str) -> None:
    log = RecordingLog()
    assert answer(request(" [] ", content_type), log)["statusCode"] == 204
    assert log.records == []


def test_data_is_kept_digit_by_digit() -> None:
    log = RecordingLog()
    data = '{"big": 123456789012345678901234567890, "small": 1.10, "text": "\\u00e9", "twice": 1, "twice": 2}'
    answer(request(event_text("data", data)), log)
    assert bytes(decode_record(log.records[0][1]).events[0].data).decode() == data


@pytest.mark.parametrize(("fault", "status"), [(Unavailable("down", 2), 503), (TooLarge("big"), 413)])
def test_what_the_log_does_not_take_is_never_answered_2xx(fault: Exception, status: int) -> None:
    refused = answer(request(sent()), RecordingLog(fault))
    assert refused["statusCode"] == status
    assert refused["headers"].get("retry-after") == ("2" if status == 503 else None)


def test_a_defect_of_ours_tells_the_caller_nothing_but_the_request_id(capsys: pytest.CaptureFixture[str]) -> None:
    refused = answer(request(sent()), RecordingLog(RuntimeError("secret")))
    assert refused["statusCode"] == 500
    assert "secret" not in refused["body"]
    assert "secret" not in capsys.readouterr().out


def test_a_request_without_authorizer_is_not_ingested() -> None:
    log = RecordingLog()
    refused = answer(request(sent()) | {"requestContext": {"requestId": "r-1"}}, log)
    assert (refused["statusCode"], log.records) == (500, [])


def test_the_log_line_holds_no_payload(capsys: pytest.CaptureFixture[str]) -> None:
    answer(request(sent(subject="very-private")))
    line = json.loads(capsys.readouterr().out)
    assert line == {"message": "ingest", "request": "r-1", "namespace": "acme", "status": 204, "events": 1}


def test_a_record_that_compresses_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("meterhouse.metering.ingest.LARGEST_RECORD", 1_100)
    log = RecordingLog()
    assert answer(request(sent(data={"x": "y"})), log)["statusCode"] == 413
    assert log.records == []


def test_no_broker_means_503_with_a_time_to_retry_and_nothing_accepted() -> None:
    log = RecordingLog(Unavailable("down", 2))
    for event in (request(sent()), binary(), request(f"[{sent()}]")):
        refused = answer(event, log)
        assert (refused["statusCode"], refused["headers"]["retry-after"]) == (503, "2")
        assert json.loads(refused["body"])["detail"] == "down"
    assert log.records == []


def accepted_event(event: dict[str, Any]) -> CloudEvent:
    log = RecordingLog()
    assert answer(event, log)["statusCode"] == 204
    [(_, value)] = log.records
    [found] = decode_record(value).events
    return found


def test_binary_mode_is_the_same_event_as_its_structured_form() -> None:
    at, schema = "2026-01-01T01:00:00.5+01:00", "https://example.com/é?a=%20"
    attributes = {"id": 'a b%"\\,€😀', "source": "/gate?x=1", "time": at, "dataschema": schema}
    structured = accepted_event(request(sent(**attributes, datacontenttype=EITHER, data={"value": 1})))
    encoded = {name: quote(value, safe="/?=:") for name, value in attributes.items()}
    in_headers = accepted_event(binary('{"value": 1}', **encoded | {"time": at}))
    assert [getattr(in_headers, name) for name in ("id", "source", "type", "subject", "time", "dataschema")] == [
        getattr(structured, name) for name in ("id", "source", "type", "subject", "time", "dataschema")
    ]
    assert in_headers.datacontenttype == structured.datacontenttype
    assert json.loads(bytes(in_headers.data)) == {"value": 1}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"),
        ("%e2%82%ac", "€"),
        ("%41%2C", "A,"),
        ("%2541", "%41"),
        ('"a b"', "a b"),
        (r'"a\"b\\c"', r'a"b\c'),
        (' x="y z" ', "x=y z"),
        ('"%20"', " "),
    ],
)
def test_a_header_is_unquoted_and_then_decoded_once(value: str, text: str) -> None:
    assert accepted_event(binary(subject=value)).subject == text


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=1024))
def test_any_text_comes_back_from_its_header(text: str) -> None:
    assert accepted_event(binary(subject=quote(text, safe=""))).subject == text


def test_data_in_binary_mode_is_kept_digit_by_digit() -> None:
    assert bytes(accepted_event(binary(' {"n": 1.10, "n": 9e400} \n')).data) == b'{"n": 1.10, "n": 9e400}'


def test_no_refusal_outgrows_a_lambdas_answer() -> None:
    every_fault = dict.fromkeys(("id", "source", "type", "subject", "time", "datacontenttype", "dataschema"), "\0")
    events = [every_fault | {"specversion": "é" * 1000, "data_base64": "x", "data": 1, "x": []}] * 2_000
    body = gzip.compress(json.dumps(events).encode())
    refused = answer(request(body, encoding="gzip"))
    assert refused["statusCode"] == 400
    assert len(refused["body"]) < 3_000_000
    assert json.loads(refused["body"])["detail"].startswith("20000 fault(s)")


def json_values(texts: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
        max_leaves=8,
    )


ANY_JSON = json_values(st.text(st.characters(), max_size=8))
TIMES = st.datetimes(
    EARLIEST.replace(year=1973, tzinfo=None), LATEST.replace(year=2099, tzinfo=None), timezones=st.timezones()
).map(datetime.isoformat)
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=1024)
SOUND_EVENTS = st.fixed_dictionaries(
    dict.fromkeys(("id", "source", "type", "subject"), TEXTS),
    optional={
        "time": TIMES,
        "dataschema": TEXTS,
        "data": st.dictionaries(TEXTS, json_values(st.text(max_size=8)), max_size=3),
    },
)
NEARLY_EVENTS = st.fixed_dictionaries(
    {
        name: st.text(st.characters(codec="utf-8"), min_size=1) | ANY_JSON
        for name in ("id", "source", "type", "subject")
    },
    optional={
        "specversion": st.just("1.0") | ANY_JSON,
        "time": TIMES | ANY_JSON,
        "datacontenttype": st.just("application/json") | ANY_JSON,
        "dataschema": st.text(min_size=1) | ANY_JSON,
        "data": st.dictionaries(st.text(max_size=4), ANY_JSON, max_size=3) | ANY_JSON,
        "extension": ANY_JSON,
    },
)
BODIES = (
    st.binary() | ANY_JSON.map(json.dumps) | NEARLY_EVENTS.map(json.dumps) | st.lists(NEARLY_EVENTS).map(json.dumps)
)
TYPES = st.sampled_from([ONE, BATCH, EITHER, None])
HEADERS = st.dictionaries(st.sampled_from(sorted(f"ce-{name}" for name in ATTRIBUTES)), st.text(), max_size=7)


@given(BODIES, TYPES, HEADERS | st.none(), st.sampled_from([None, "gzip"]))
def test_whatever_is_sent_the_answer_is_204_or_the_senders_fault_and_what_is_accepted_can_be_read(
    body: bytes | str, content_type: str | None, headers: dict[str, str] | None, encoding: str | None
) -> None:
    log = RecordingLog()
    status = answer(request(body, content_type, encoding, headers), log)["statusCode"]
    assert status in {204, 400, 413, 415}
    assert len(log.records) <= (status == 204)
    assert log.records or status != 204 or json.loads(body) == []
    for record in log.records:
        assert decode_record(record[1]).events


@given(st.lists(SOUND_EVENTS, min_size=1, max_size=5))
def test_every_sound_event_is_accepted_and_read_again_as_it_was_sent(events: list[dict[str, Any]]) -> None:
    log = RecordingLog()
    assert answer(request(json.dumps(events)), log)["statusCode"] == 204
    for event, found in zip(events, decode_record(log.records[0][1]).events, strict=True):
        assert {name: getattr(found, name) for name in event if name not in {"time", "data"}} == {
            name: value for name, value in event.items() if name not in {"time", "data"}
        }
        assert found.time == (datetime.fromisoformat(event["time"]) if "time" in event else None)
        assert json.loads(bytes(found.data)) == event.get("data")


@given(st.lists(NEARLY_EVENTS, min_size=1, max_size=5))
def test_a_fault_is_named_whatever_stands_beside_it(events: list[dict[str, Any]]) -> None:
    """What a batch says of its events is what each says by itself; with a lone surrogate in one it is no JSON."""
    alone = [fields_of(answer(request(json.dumps(event), ONE))) for event in events]
    expected = [f"/{index}{field}" for index, fields in enumerate(alone) for field in fields]
    expected = [""] if [""] in alone else expected
    assert fields_of(answer(request(json.dumps(events), BATCH))) == expected


def fields_of(response: dict[str, Any]) -> list[str]:
    if response["statusCode"] == 204:
        return []
    return [fault["field"] for fault in json.loads(response["body"])["extensions"]["validationErrors"]]


@pytest.mark.parametrize("member", ["1", "[]", "{}", '""'])
@pytest.mark.parametrize(("content_type", "status"), [(BATCH, 413), (ONE, 400)])
def test_millions_of_members_that_cost_their_sender_nothing_cost_us_no_memory(
    member: str, content_type: str, status: int
) -> None:
    body = f"[{','.join([member] * 500_000)}]"
    asked = request(body, content_type)
    answer(asked)
    tracemalloc.start()
    try:
        assert answer(asked)["statusCode"] == status
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * len(body) + 500_000


def test_what_is_no_json_before_it_is_too_much_is_told_so() -> None:
    assert answer(request("[1,1,nothing,1,1,1,1]"), limits=SMALL)["statusCode"] == 400
    assert answer(request("[1,1,1,1,1,nothing]"), limits=SMALL)["statusCode"] == 413
