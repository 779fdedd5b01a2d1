"""A receiver of webhooks: a real HTTP server, over TLS with a certificate of its own, which does as the test says."""

from __future__ import annotations

import socket
import ssl
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from threading import Lock, Thread
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from meterhouse.platform import clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

HOST = "127.0.0.1"
NAME = "hooks.example.com"


@dataclass(frozen=True)
class Received:
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def message_id(self) -> str:
        return self.headers["webhook-id"]


@dataclass(frozen=True)
class Reply:
    """`every` is the seconds between bytes of the body."""

    status: int = 200
    body: bytes = b"ok"
    headers: Mapping[str, str] = field(default_factory=dict)
    after: float = 0
    every: float = 0
    hangs_up: bool = False

    def parts(self) -> list[bytes]:
        return [self.body[at : at + 1] for at in range(len(self.body))] if self.every else [self.body]


@dataclass
class Receiver:
    port: int
    context: ssl.SSLContext
    is_secure: bool = True
    reply: Callable[[Received], Reply] = lambda _: Reply()
    received: list[Received] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    _lock: Lock = field(default_factory=Lock)

    def url(self, path: str = "/hook", host: str = HOST) -> str:
        return f"http{'s' if self.is_secure else ''}://{host}:{self.port}{path}"

    def took(self, one: Received) -> Reply:
        with self._lock:
            self.received.append(one)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        return self.reply(one)

    def done(self) -> None:
        with self._lock:
            self.at_once -= 1


@contextmanager
def running_receiver(folder: Path | None) -> Iterator[Receiver]:
    """With a certificate that is written to the folder; None: over plain HTTP."""
    serving, trusting = (None, ssl.create_default_context()) if folder is None else _tls(folder)
    server = _Server((HOST, 0), BaseHTTPRequestHandler)
    server.daemon_threads = True
    receiver = Receiver(server.server_address[1], trusting, is_secure=serving is not None)
    server.RequestHandlerClass = _handler(receiver, serving)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Handshakes that clients break off are what some tests want."""


def _handler(receiver: Receiver, serving: ssl.SSLContext | None) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def setup(self) -> None:
            # here, not at the listener: a handshake that hangs holds this thread alone
            self.request = _secured(self.request, serving)
            super().setup()

        def handle(self) -> None:
            with suppress(OSError):
                super().handle()

        def finish(self) -> None:
            with suppress(OSError):
                super().finish()
                self.request.close()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = receiver.took(Received(self.path, headers, body))
            try:
                self._answer(reply)
            finally:
                receiver.done()

        def _answer(self, reply: Reply) -> None:
            time.sleep(reply.after)
            if reply.hangs_up:
                self.request.shutdown(socket.SHUT_RDWR)
                return
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            for part in reply.parts():
                self.wfile.write(part)
                time.sleep(reply.every)

        def log_message(self, *_: object) -> None:
            """The test tells."""

    return Handler


def _secured(connected: socket.socket, serving: ssl.SSLContext | None) -> socket.socket:
    return connected if serving is None else serving.wrap_socket(connected, server_side=True)


def _tls(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """For the server, and for whoever trusts it."""
    trusted = _certificate(folder)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(folder / "own.pem")
    return serving, ssl.create_default_context(cadata=trusted)


def _certificate(folder: Path) -> str:
    """Write key and certificate for the host and the name; the certificate, to be trusted."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now, day = clock.now(), timedelta(days=1)
    names = x509.SubjectAlternativeName([x509.DNSName(NAME), x509.IPAddress(ip_address(HOST))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "own.pem").write_bytes(private + certificate)
    return certificate.decode()
