"""Logs carry ids, never what was sent, never a secret: marked ones are sent everywhere, and all output is searched."""

import io
import json
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from aws_lambda_powertools.event_handler.api_gateway import Router

from meterhouse.kernel.errors import InvariantBroken, Unavailable
from meterhouse.metering.ingest import IngestEvents
from meterhouse.metering.ingest_api import ingest_handler
from meterhouse.metering.kafka_event import batch_handler
from meterhouse.metering.sink import LogRecord
from meterhouse.platform.calls import CAPABILITY
from meterhouse.platform.http import http_handler
from meterhouse.platform.logging import logger
from meterhouse.platform.task import task
from tests.unit.platform.requests import CONTEXT, request

PAYLOAD, SECRET = "payload-7f3a", "mh_secret-91bc"
TRACE = "0af7651916cd43dd8448eb211c80319c"
HEADERS = {
    "authorization": f"Bearer {SECRET}",
    "cookie": f"session={SECRET}",
    "content-type": "application/json",
    "traceparent": f"00-{TRACE}-b7ad6b7169203331-01",
}
EVENT = {"specversion": "1.0", "id": "id-1", "source": "s", "type": "call", "subject": "x", "data": {"note": PAYLOAD}}


class Output:
    """All that was written: by our logger, and past it."""

    def __init__(self, written: io.StringIO, capsys: pytest.CaptureFixture[str]) -> None:
        self._written, self._capsys = written, capsys

    def text(self) -> str:
        captured = self._capsys.readouterr()
        return self._written.getvalue() + captured.out + captured.err


@pytest.fixture(autouse=True)
def _deployed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CAPABILITY, "told-of")


@pytest.fixture
def output(capsys: pytest.CaptureFixture[str]) -> Iterator[Output]:
    written = io.StringIO()
    before = logger.registered_handler.setStream(written)  # type: ignore[attr-defined]
    yield Output(written, capsys)
    if before is not None:
        logger.registered_handler.setStream(before)  # type: ignore[attr-defined]


class Log:
    """Takes what is appended, or fails with words that quote it."""

    def __init__(self, error: Exception | None) -> None:
        self._error, self.records = error, list[bytes]()

    def append(self, namespace: str, record: bytes, count: int, ingested_at: datetime) -> None:
        assert namespace
        assert count
        assert ingested_at
        if self._error is not None:
            raise self._error
        self.records.append(record)


def asked(body: str) -> dict[str, Any]:
    event = request("POST", "/api/v1/events", body=body)
    return event | {"headers": HEADERS}


@pytest.mark.parametrize(
    ("body", "error", "status"),
    [
        (json.dumps(EVENT), None, 204),
        (json.dumps({**EVENT, "time": PAYLOAD}), None, 400),
        (json.dumps([EVENT])[:-3], None, 400),
        (json.dumps(EVENT), Unavailable("the log is away"), 503),
        (json.dumps(EVENT), ValueError(f"cannot take {PAYLOAD} of {SECRET}"), 500),
    ],
)
def test_ingest_tells_ids_and_no_more(output: Output, body: str, error: Exception | None, status: int) -> None:
    answer = ingest_handler(IngestEvents(Log(error), lambda: datetime(2026, 3, 1, tzinfo=UTC)))(asked(body), None)
    written = output.text()

    assert answer["statusCode"] == status
    assert PAYLOAD not in written
    assert SECRET not in written
    assert asked(body)["requestContext"]["requestId"] in written
    assert written.count('"capability":"told-of"') == 1
    assert ("default" in written) == (status == 204)


def fails(kind: type[Exception]) -> Exception:
    """As a driver's: its words, and those of its cause, quote what it was given."""
    error = kind(f"could not write {PAYLOAD}")
    error.__cause__ = ValueError(f"Key (secret)=({SECRET}) already exists")
    return error


@pytest.mark.parametrize("kind", [RuntimeError, KeyError])
def test_a_handler_that_breaks_tells_where_and_not_what_it_was_given(output: Output, kind: type[Exception]) -> None:
    router = Router()

    @router.post("/api/v1/things")
    def _make() -> None:
        raise fails(kind)

    event = request("POST", "/api/v1/things", body=json.dumps({"note": PAYLOAD})) | {"headers": HEADERS}
    answer = http_handler(router)(event, CONTEXT)
    written = output.text()

    assert answer["statusCode"] == 500
    assert PAYLOAD not in written + answer["body"]
    assert SECRET not in written + answer["body"]
    for told in (event["requestContext"]["requestId"], kind.__name__, "ValueError", "test_logs.py", TRACE, "told-of"):
        assert told in written


def test_words_of_ours_are_told(output: Output) -> None:
    logger.error("request failed", exc_info=InvariantBroken("the books do not balance"))

    assert "the books do not balance" in output.text()


def test_a_task_that_breaks_tells_nothing_of_its_input_even_to_lambda(output: Output) -> None:
    def run(event: dict[str, Any]) -> dict[str, Any]:
        raise RuntimeError(f"cannot read {event}")

    with pytest.raises(InvariantBroken) as caught:
        task(run)({"note": PAYLOAD, "token": SECRET}, CONTEXT)
    written = output.text() + str(caught.value)

    assert "RuntimeError" in written
    assert "told-of" in written
    assert PAYLOAD not in written
    assert SECRET not in written
    assert caught.value.__suppress_context__


def test_the_sink_tells_traces_and_numbers_of_a_batch(output: Output) -> None:
    log = Log(None)
    ingest_handler(IngestEvents(log, lambda: datetime(2026, 3, 1, tzinfo=UTC)))(asked(json.dumps(EVENT)), None)
    values = [log.records[0], PAYLOAD.encode()]
    batch = {
        "records": {
            "events-0": [
                {
                    "topic": "events",
                    "partition": 0,
                    "offset": offset,
                    "value": b64encode(value).decode(),
                    "headers": [{"traceparent": list(HEADERS["traceparent"].encode())}],
                }
                for offset, value in enumerate(values)
            ]
        }
    }

    def sink(records: Iterator[LogRecord]) -> int:
        return len(list(records))

    task(batch_handler(sink))(batch, CONTEXT)
    written = output.text()

    assert TRACE in written
    assert '"records":2' in written
    assert PAYLOAD not in written
