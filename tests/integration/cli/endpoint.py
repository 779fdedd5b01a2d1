"""A small endpoint on a real socket. Ingest is the product's own; the rest answers documents of the contract."""

import json
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from meterhouse.kernel.errors import MeterhouseError, NotFound
from meterhouse.metering.ingest import IngestEvents
from meterhouse.metering.record import decode_record
from meterhouse.metering.request import read_body
from meterhouse.platform.problem import problem_response

KEY = "the-key"
EVENTS = ("POST", "/api/v1/events")
Answer = tuple[int, dict[str, str], str]


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class House:
    """What it holds, what it was asked, and how it is to misbehave.

    `before` is called with each request and may answer in the house's stead; `after` with each that was answered by
    the house, before the answer is sent.
    """

    url: str = ""
    events: dict[tuple[str, str], Any] = field(default_factory=dict)
    writings: int = 0
    documents: dict[tuple[str, str], object] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    before: Callable[[Asked], Answer | None] = lambda _: None
    after: Callable[[Asked], None] = lambda _: None

    def append(self, namespace: str, record: bytes, count: int, ingested_at: datetime) -> None:
        del namespace, count, ingested_at
        for event in decode_record(record).events:
            self.writings += 1
            self.events.setdefault((event.source, event.id), event)

    def answer(self, asked: Asked) -> Answer:
        if asked.headers.get("authorization") != f"Bearer {KEY}":
            return 401, {"content-type": "application/json"}, '{"message":"Unauthorized"}'
        if instead := self.before(asked):
            return instead
        answered = self._ingest(asked) if (asked.method, asked.path) == EVENTS else self._document(asked)
        self.after(asked)
        return answered

    def _ingest(self, asked: Asked) -> Answer:
        event = {"headers": asked.headers, "body": b64encode(asked.body).decode(), "isBase64Encoded": True}
        ingest = IngestEvents(self, lambda: datetime(2026, 1, 1, tzinfo=UTC))
        try:
            ingest("acme", *read_body(event, ingest.limits))
        except MeterhouseError as error:
            return _refused(error)
        return 204, {}, ""

    def _document(self, asked: Asked) -> Answer:
        found = self.documents.get((asked.method, asked.path))
        if found is None:
            return _refused(NotFound("thing", asked.path))
        document = found(asked) if callable(found) else found
        if document is None:
            return 204, {}, ""
        if isinstance(document, str):
            return 200, {"content-type": "application/json"}, document
        return 200, {"content-type": "application/json"}, json.dumps(document)


def _refused(error: MeterhouseError) -> Answer:
    problem = problem_response(error, request_id="r")
    return problem.status, problem.headers, problem.body


@contextmanager
def serving(house: House) -> Iterator[House]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            parts = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", 0)))
            asked = Asked(self.command, parts.path, parse_qs(parts.query), headers, body)
            house.asked.append(asked)
            status, answered, text = house.answer(asked)
            if status == 0:
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in answered.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 - names of the standard library

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            if not isinstance(sys.exception(), ConnectionError):  # a client that is killed hears no answer
                raise  # noqa: PLE0704 - called while the error is handled

    with Server(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        house.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield house
        finally:
            server.shutdown()
            thread.join()
