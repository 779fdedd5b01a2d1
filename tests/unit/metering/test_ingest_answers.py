"""Every answer that ingest may give, through the function's own handler; only the log is a fake."""

import gzip
import json
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from meterhouse.kernel.errors import TooLarge, Unavailable
from meterhouse.metering.ingest import IngestEvents
from meterhouse.metering.ingest_api import ingest_handler
from meterhouse.metering.record import decode_record
from meterhouse.metering.request import Limits

AT = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
EVENT = {"specversion": "1.0", "id": "1", "source": "gate", "type": "flight.departed", "subject": "UA"}
ONE = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
EITHER = "application/json"


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


def request(body: bytes | str | None, content_type: str | None = EITHER, encoding: str | None = None) -> dict[str, Any]:
    headers = {"content-type": content_type, "content-encoding": encoding}
    is_binary = isinstance(body, bytes)
    return {
        "rawPath": "/api/v1/events",
        "headers": {name: value for name, value in headers.items() if value is not None},
        "requestContext": {"requestId": "r-1", "authorizer": {"lambda": {"namespace": "acme", "keyId": "k"}}},
        "body": b64encode(body).decode() if isinstance(body, bytes) else body,
        "isBase64Encoded": is_binary,
    }


def answer(event: dict[str, Any], log: RecordingLog | None = None, limits: Limits | None = None) -> dict[str, Any]:
    return ingest_handler(IngestEvents(log or RecordingLog(), lambda: AT, limits))(event, None)


def sent(**changes: object) -> str:
    return json.dumps({name: value for name, value in (EVENT | changes).items() if value is not ...})


def event_text(name: str, value: str) -> str:
    """An event with one member written as it stands, so that it may be no JSON."""
    return sent()[:-1] + f', "{name}": {value}}}'


SMALL = Limits(events=3, body_bytes=600_000, inflated_bytes=900_000)
REFUSED: list[tuple[str, dict[str, Any], int, list[str]]] = [
    ("empty body", request(""), 400, [""]),
    ("no body", request(None), 400, [""]),
    ("blank body", request("  \n"), 400, [""]),
    ("no JSON", request("hello"), 400, [""]),
    ("truncated JSON", request(sent()[:-1]), 400, [""]),
    ("truncated array", request(f"[{sent()},"), 400, [""]),
    ("trailing bytes", request(sent() + " x"), 400, [""]),
    ("two documents", request(sent() + sent()), 400, [""]),
    ("byte order mark", request(b"\xef\xbb\xbf" + sent().encode()), 400, [""]),
    ("bad UTF-8 in an attribute", request(b'{"id": "\xff"}'), 400, [""]),
    ("bad UTF-8 in data", request(event_text("data", '{"a": "?"}').encode().replace(b"?", b"\xff")), 400, [""]),
    ("lone surrogate escaped", request(event_text("subject", '"\\ud800"')), 400, [""]),
    ("lone surrogate in data", request(event_text("data", '{"a": "\\udc00"}')), 400, [""]),
    ("lone surrogate raw", request(event_text("subject", '"\ud800"')), 400, [""]),
    ("NaN in data", request(event_text("data", '{"a": NaN}')), 400, [""]),
    ("control character", request(event_text("data", '{"a": "\x01"}')), 400, [""]),
    ("nested too deep", request(event_text("data", '{"a":' * 100_000)), 400, [""]),
    ("no base64", request("*") | {"isBase64Encoded": True}, 400, [""]),
    ("no gzip", request(b"plain", encoding="gzip"), 400, [""]),
    ("gzip cut short", request(gzip.compress(sent().encode())[:-9], encoding="gzip"), 400, [""]),
    ("a number", request("1"), 400, [""]),
    ("a text", request('"event"'), 400, [""]),
    ("null", request("null"), 400, [""]),
    ("true", request("true"), 400, [""]),
    ("an empty array", request("[]"), 400, [""]),
    ("an empty batch", request("[]", BATCH), 400, [""]),
    ("an array as one event", request(f"[{sent()}]", ONE), 400, [""]),
    ("an object as a batch", request(sent(), BATCH), 400, [""]),
    ("members that are no events", request('[1, "x", null]'), 400, ["/0", "/1", "/2"]),
    ("an empty event", request("{}"), 400, ["/id", "/source", "/type", "/subject"]),
    ("NUL in id", request(event_text("id", '"a\\u0000"')), 400, ["/id"]),
    ("NUL in subject", request(event_text("subject", '"\\u0000"')), 400, ["/subject"]),
    ("missing id", request(sent(id=...)), 400, ["/id"]),
    ("missing source", request(sent(source=...)), 400, ["/source"]),
    ("missing type", request(sent(type=...)), 400, ["/type"]),
    ("missing subject", request(sent(subject=...)), 400, ["/subject"]),
    ("empty id", request(sent(id="")), 400, ["/id"]),
    ("empty source", request(sent(source="")), 400, ["/source"]),
    ("empty type", request(sent(type="")), 400, ["/type"]),
    ("empty subject", request(sent(subject="")), 400, ["/subject"]),
    ("an id that is no text", request(sent(id=7)), 400, ["/id"]),
    ("a null subject", request(sent(subject=None)), 400, ["/subject"]),
    ("an id past all measure", request(sent(id="x" * 1025)), 400, ["/id"]),
    ("wrong specversion", request(sent(specversion="0.3")), 400, ["/specversion"]),
    ("time without zone", request(sent(time="2026-01-01T00:00:00")), 400, ["/time"]),
    ("time that is no time", request(sent(time="yesterday")), 400, ["/time"]),
    ("time as a number", request(sent(time=1767225600)), 400, ["/time"]),
    ("time before the years", request(sent(time="1969-12-31T23:59:59Z")), 400, ["/time"]),
    ("time after the years", request(sent(time="2100-01-01T00:00:00Z")), 400, ["/time"]),
    ("time in the year 1", request(sent(time="0001-01-01T00:00:00+14:00")), 400, ["/time"]),
    ("data as a text", request(sent(data="{}")), 400, ["/data"]),
    ("data as an array", request(sent(data=[])), 400, ["/data"]),
    ("data as a number", request(sent(data=1)), 400, ["/data"]),
    ("data in base64", request(sent(data_base64="e30=")), 400, ["/data_base64"]),
    ("data of another type", request(sent(datacontenttype="text/xml")), 400, ["/datacontenttype"]),
    ("all faults of all events", request(f"[{sent(id='')}, {sent()}, {sent(type=1, time='x', data=[])}]"), 400,
     ["/0/id", "/2/type", "/2/time", "/2/data"]),
    ("no content type", request(sent(), None), 415, []),
    ("unknown content type", request(sent(), "text/plain"), 415, []),
    ("another charset", request(sent(), "application/json; charset=latin-1"), 415, []),
    ("unknown encoding", request(sent(), encoding="br"), 415, []),
    ("more events than allowed", request(f"[{','.join([sent()] * 4)}]"), 413, []),
    ("more bytes than allowed", request(sent(data={"x": "y" * 600_000})), 413, []),
    ("a gzip bomb", request(gzip.compress(b" " * 1_000_000), encoding="gzip"), 413, []),
]  # fmt: skip


@pytest.mark.parametrize(("event", "status", "pointers"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_a_faulty_request_is_refused_whole(event: dict[str, Any], status: int, pointers: list[str]) -> None:
    log = RecordingLog()
    refused = answer(event, log, SMALL)
    problem = json.loads(refused["body"])
    found = [fault["field"] for fault in problem.get("extensions", {}).get("validationErrors", [])]
    assert (refused["statusCode"], found) == (status, pointers), problem
    assert refused["headers"]["content-type"] == "application/problem+json"
    assert (problem["status"], problem["instance"], problem["requestId"]) == (status, "/api/v1/events", "r-1")
    assert log.records == []


ACCEPTED: list[tuple[str, dict[str, Any], int]] = [
    ("one event", request(sent(), ONE), 1),
    ("one event as JSON", request(sent()), 1),
    ("a batch", request(f"[{sent()}, {sent(id='2')}]", BATCH), 2),
    ("a batch as JSON", request(f" [{sent()}, {sent(id='2')}]"), 2),
    ("a charset", request(sent(), "application/json; charset=UTF-8"), 1),
    ("base64", request(sent().encode()), 1),
    ("gzip", request(gzip.compress(sent().encode()), encoding="gzip"), 1),
    ("gzip in two members", request(gzip.compress(b"[") + gzip.compress(f"{sent()}]".encode()), encoding="gzip"), 1),
    ("null attributes", request(sent(time=None, data=None, dataschema=None, datacontenttype=None)), 1),
    ("extension attributes", request(sent(traceparent="00-ab", tenant=1)), 1),
    ("no specversion", request(sent(specversion=...)), 1),
    ("NUL in data", request(event_text("data", '{"a": "\\u0000"}')), 1),
]


@pytest.mark.parametrize(("event", "count"), [row[1:] for row in ACCEPTED], ids=[row[0] for row in ACCEPTED])
def test_a_sound_request_becomes_one_record_of_its_namespace(event: dict[str, Any], count: int) -> None:
    log = RecordingLog()
    accepted = answer(event, log)
    assert accepted == {"statusCode": 204, "headers": {"x-request-id": "r-1"}}
    [(namespace, value)] = log.records
    record = decode_record(value)
    assert (namespace, record.namespace, record.ingested_at, len(record.events)) == ("acme", "acme", AT, count)
    assert log.beside == [(count, AT)]


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
