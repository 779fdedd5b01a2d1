"""A receiver of webhooks, as a company would run it: it believes what is signed with the channel's secret alone."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Thread
from time import monotonic
from typing import Any

from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from localstack.settings import HOST


class Receiver:
    """What came, each message once, by its id; what its signature does not vouch for is refused and counted."""

    def __init__(self) -> None:
        self.url = ""
        self.secret = ""
        self.refused = 0
        self._messages: dict[str, Any] = {}
        self._arrived = Condition()

    def take(self, headers: dict[str, str], body: bytes) -> HTTPStatus:
        """Believe a message, or refuse it."""
        with self._arrived:
            try:
                Webhook(self.secret).verify(body, headers)
            except WebhookVerificationError:
                self.refused += 1
                return HTTPStatus.UNAUTHORIZED
            self._messages.setdefault(headers["webhook-id"], json.loads(body))
            self._arrived.notify_all()
            return HTTPStatus.NO_CONTENT

    def messages(self, wanted: int, within: float) -> list[Any]:
        """What came, once there are so many or the seconds are over."""
        deadline = monotonic() + within
        with self._arrived:
            while len(self._messages) < wanted and (left := deadline - monotonic()) > 0:
                self._arrived.wait(left)
            return list(self._messages.values())


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A receiver on a free port while the block lasts."""
    told = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self.send_response(told.take({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """The demo's own report tells what came."""

    with ThreadingHTTPServer((HOST, 0), Handler) as server:
        told.url = f"http://{HOST}:{server.server_port}/alerts"
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield told
        finally:
            server.shutdown()
            thread.join()
