"""The double over HTTP: Stripe's API below /v1, and what only a double can do below /double."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from localstack.settings import HOST
from localstack.stripe import payments, refunds, sessions
from localstack.stripe.account import Account, Obj
from localstack.stripe.service import Request, Stripe
from localstack.stripe.weather import Lost, Storm
from localstack.stripe.webhooks import deliver, public


def take_outbox(account: Account) -> list[Obj]:
    """The events not delivered yet, which leave the outbox."""
    with account.lock:
        waiting, account.outbox = account.outbox, []
    return waiting


def _deliver(stripe: Stripe, wish: Obj) -> Obj:
    """{"times": 2, "reverse": true, "again": true}: each so often; the youngest first; all there ever were."""
    found = take_outbox(stripe.account)
    waiting = (stripe.account.events if wish.get("again") else found) * int(wish.get("times", 1))
    ordered = list(reversed(waiting)) if wish.get("reverse") else waiting
    statuses = deliver(stripe.account, ordered)
    return {"types": [event["type"] for event in ordered], "statuses": statuses}


def _with_lock(work: Callable[[Account, Obj], Obj | None]) -> Callable[[Stripe, Obj], Obj]:
    def wrapped(stripe: Stripe, wish: Obj) -> Obj:
        with stripe.account.lock:
            return {"done": public(work(stripe.account, wish) or {})}

    return wrapped


def _storm(stripe: Stripe, wish: Obj) -> Obj:
    stripe.weather.storms.append(Storm(**wish))
    return {}


WISHES: Mapping[str, Callable[[Stripe, Obj], Obj]] = {
    "/double/deliver": _deliver,
    "/double/storm": _storm,
    "/double/collect": _with_lock(lambda account, wish: payments.collect(account, wish["invoice"])),
    "/double/authenticate": _with_lock(lambda account, wish: payments.authenticate(account, wish["invoice"])),
    "/double/fail_refund": _with_lock(lambda account, wish: refunds.fail_refund(account, wish["refund"])),
    "/double/complete": _with_lock(
        lambda account, wish: sessions.complete_checkout(account, wish["session"], wish.get("card", "pm_card_visa"))
    ),
}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    stripe: Stripe

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def _serve(self) -> None:
        target = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
        if target.path in WISHES:
            self._send(200, json.dumps(WISHES[target.path](self.stripe, json.loads(body or "{}"))).encode(), {})
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            self._send(*self.stripe.answer(Request(self.command, target.path, target.query, body, headers)))
        except Lost:
            self.close_connection = True

    def _send(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Type": "application/json", "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, message: str, *parts: object) -> None:
        """Requests are kept in `Stripe.calls`."""


def make_server(stripe: Stripe, port: int) -> ThreadingHTTPServer:
    """A server on the loopback interface; port 0 takes a free one."""
    return ThreadingHTTPServer((HOST, port), type("Handler", (_Handler,), {"stripe": stripe}))


@contextmanager
def running_stripe(stripe: Stripe) -> Iterator[str]:
    """Serves it in this process; yields its URL."""
    server = make_server(stripe, 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
