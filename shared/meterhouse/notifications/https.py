"""POST to a stranger's server: to a checked address, in a bounded time, and nowhere else.

The name is resolved once, every address is checked, and the connection goes to a checked one: a name that resolves to
another address a moment later leads nowhere. No proxy is used and no redirect followed. All of it, from the look-up to
the last byte, shares one deadline, which a receiver cannot stretch by a byte now and then.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple

from meterhouse.notifications.addresses import may_be_called
from meterhouse.notifications.lookups import Lookups
from meterhouse.platform.outgoing import trusted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from typing_extensions import Buffer

    from meterhouse.notifications.endpoint import Endpoint

MOST_READ = 64 * 1024
SECONDS = 15.0


class CallError(Exception):
    """There is no answer; the sentence says why and holds nothing secret."""

    def __init__(self, fault: str, took: timedelta) -> None:
        super().__init__(fault)
        self.fault = fault
        self.took = took


class _NotConnectedError(Exception):
    """Nothing was sent; the sentence says why."""


class Answer(NamedTuple):
    """`body` is its beginning: of all that the receiver says, 64 KB are read."""

    status: int
    body: bytes
    retry_after: str | None
    took: timedelta = timedelta()


class Deadline:
    def __init__(self, seconds: float) -> None:
        self._began = time.monotonic()
        self._ends = self._began + seconds

    def took(self) -> timedelta:
        return timedelta(seconds=time.monotonic() - self._began)

    def left(self) -> float:
        """Seconds that are left.

        Raises:
            TimeoutError: none are.
        """
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


def _resolved(host: str, port: int) -> Sequence[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


@dataclass(frozen=True)
class Https:
    """Calls endpoints; safe in many threads at once.

    Attributes:
        seconds: for everything together.
        resolve: addresses of a name and port, as texts.
        context: whose certificates are trusted.
    """

    seconds: float = SECONDS
    resolve: Callable[[str, int], Sequence[str]] = field(default_factory=lambda: _resolved)
    context: Callable[[], ssl.SSLContext] = field(default_factory=lambda: trusted)
    _lookups: Lookups = field(default_factory=Lookups, init=False)

    def post(self, endpoint: Endpoint, headers: Mapping[str, str], body: bytes) -> Answer:
        """The answer, whatever its status.

        Raises:
            CallError: the host may not be called, or there was no answer in time.
        """
        deadline = Deadline(self.seconds)
        try:
            with closing(self._connected(endpoint, deadline)) as connected:
                answer = _exchanged(_Deadlined(connected, deadline), endpoint, headers, body)
        except (_NotConnectedError, OSError, http.client.HTTPException, ValueError) as error:
            raise CallError(self._fault(error), deadline.took()) from error
        return answer._replace(took=deadline.took())

    def _fault(self, error: Exception) -> str:
        match error:
            case _NotConnectedError():
                return str(error)
            case TimeoutError():
                return f"no answer within {self.seconds:g} s"
            case ssl.SSLCertVerificationError():
                return f"its certificate is not valid: {error.verify_message}"
        return f"the connection broke ({type(error).__name__})"

    def _connected(self, endpoint: Endpoint, deadline: Deadline) -> socket.socket:
        addresses = self._addresses(endpoint, deadline)
        plain = _first_connected(addresses, endpoint.port, deadline)
        if endpoint.scheme != "https":
            return plain
        try:
            plain.settimeout(deadline.left())
            return self.context().wrap_socket(plain, server_hostname=endpoint.host)
        except BaseException:
            plain.close()
            raise

    def _addresses(self, endpoint: Endpoint, deadline: Deadline) -> Sequence[str]:
        looked_up = self._lookups.of(self.resolve, endpoint.host, endpoint.port)
        try:
            addresses = looked_up.result(deadline.left())
        except (socket.gaierror, UnicodeError) as error:
            raise _NotConnectedError("its name cannot be resolved") from error
        if not addresses:
            raise _NotConnectedError("its name cannot be resolved")
        if not endpoint.is_local and not all(may_be_called(ip_address(one)) for one in addresses):
            raise _NotConnectedError("its name leads to an address that is not of the public internet")
        return addresses


class _Deadlined:
    """What `http.client` needs of a socket; whatever it waits for, it waits no longer than until the deadline."""

    def __init__(self, connected: socket.socket, deadline: Deadline) -> None:
        self._connected = connected
        self._deadline = deadline

    def sendall(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            self._connected.settimeout(self._deadline.left())
            view = view[self._connected.send(view) :]

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Incoming(self._connected, self._deadline))

    def close(self) -> None:
        """Whoever connected closes; the answer is still to be read here."""


class _Incoming(io.RawIOBase):
    """What the receiver says, headers and all: it ends after 64 KB, or with an error at the deadline."""

    def __init__(self, connected: socket.socket, deadline: Deadline) -> None:
        super().__init__()
        self._connected = connected
        self._deadline = deadline
        self._left = MOST_READ

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        self._connected.settimeout(self._deadline.left())
        wanted = min(len(memoryview(buffer)), self._left)
        # to a socket, "0 bytes" are as many as the buffer holds
        read = self._connected.recv_into(buffer, wanted) if wanted else 0
        self._left -= read
        return read


def _first_connected(addresses: Sequence[str], port: int, deadline: Deadline) -> socket.socket:
    """A connection to the first of the addresses that takes one.

    Raises:
        _NotConnectedError: none does.
        TimeoutError: none did in time.
    """
    for number, address in enumerate(addresses, start=1):
        with suppress(OSError):
            share = deadline.left() / (len(addresses) + 1 - number)
            return socket.create_connection((address, port), share)
    deadline.left()
    raise _NotConnectedError("it takes no connection")


def _exchanged(connected: _Deadlined, endpoint: Endpoint, headers: Mapping[str, str], body: bytes) -> Answer:
    connection = http.client.HTTPConnection(endpoint.host)
    connection.auto_open = 0
    connection.sock = connected
    connection.putrequest("POST", endpoint.target, skip_host=True, skip_accept_encoding=True)
    framing = {"Host": endpoint.authority, "Content-Length": str(len(body)), "Connection": "close"}
    for name, value in (*framing.items(), *headers.items()):
        connection.putheader(name, value)
    connection.endheaders(body)
    answer = connection.getresponse()
    try:
        read = answer.read(MOST_READ)
    except http.client.IncompleteRead as error:
        read = error.partial
    return Answer(answer.status, read, answer.getheader("Retry-After"))
