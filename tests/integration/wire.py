"""The way to a server, counting round trips: how often the client asks again after the server spoke."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Thread

FLUSH = b"H\x00\x00\x00\x04"
"""psycopg ends a pipeline by it, after the Sync that has been answered or not: it waits for nothing.

https://www.postgresql.org/docs/18/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-FLUSH
"""


@dataclass
class Wire:
    port: int
    trips: int = 0
    speaker: str = "server"

    def hears(self, speaker: str, said: bytes) -> None:
        if said == FLUSH:
            return
        self.trips += speaker == "client" and self.speaker == "server"
        self.speaker = speaker


@contextmanager
def wire_to(host: str, port: int) -> Iterator[Wire]:
    """Forwards connections, one at a time in use, to the server."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        wire = Wire(listening.getsockname()[1])
        Thread(target=_accept, args=(listening, (host, port), wire), daemon=True).start()
        yield wire


def _accept(listening: socket.socket, server: tuple[str, int], wire: Wire) -> None:
    with suppress(OSError):  # the listening socket is closed at the end
        while True:
            client, _ = listening.accept()
            Thread(target=_carry, args=(client, server, wire), daemon=True).start()


def _carry(client: socket.socket, server: tuple[str, int], wire: Wire) -> None:
    with client, suppress(OSError), socket.create_connection(server) as upstream:
        back = Thread(target=_pump, args=(upstream, client, wire, "server"), daemon=True)
        back.start()
        _pump(client, upstream, wire, "client")
        back.join()


def _pump(source: socket.socket, target: socket.socket, wire: Wire, speaker: str) -> None:
    with suppress(OSError):  # either side may hang up
        while data := source.recv(1 << 16):
            wire.hears(speaker, data)
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
