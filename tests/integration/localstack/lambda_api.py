"""A stand-in for Lambda's Invoke API that a test scripts: it remembers events and answers as told."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Event = dict[str, Any]
Answer = Callable[[Event], object]


class FunctionError(Exception):
    """Raised by an answer: the function raised."""


class ThrottledError(Exception):
    """Raised by an answer: Lambda would not call the function."""


@dataclass(slots=True)
class LambdaApi:
    """`answer` plays the function; every event it was called with is kept."""

    answer: Answer = lambda _: None
    events: list[Event] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    url: str = ""

    def records(self) -> list[Event]:
        """Every record of every call, in the order of the calls."""
        return [record for event in self.events for place in event["records"].values() for record in place]

    def respond(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        event = json.loads(body)
        self.events.append(event)
        self.sizes.append(len(body))
        try:
            return 200, {}, json.dumps(self.answer(event)).encode()
        except FunctionError as error:
            return 200, {"X-Amz-Function-Error": "Unhandled"}, json.dumps({"errorMessage": str(error)}).encode()
        except ThrottledError:
            return 429, {"x-amzn-ErrorType": "TooManyRequestsException"}, b'{"message": "Rate exceeded"}'


@contextmanager
def running_lambda_api() -> Iterator[LambdaApi]:
    api = LambdaApi()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            status, headers, body = api.respond(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    api.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield api
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
