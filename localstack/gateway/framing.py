"""Where a message ends: its head, and its body by length or chunks. Bytes pass unchanged but for the Host line."""

import re
from asyncio import IncompleteReadError, StreamReader
from dataclasses import dataclass
from typing import Protocol

HEAD_LIMIT = 1 << 16
PIECE = 1 << 18
_HOST = re.compile(rb"(?im)^host:[^\r\n]*")
_LENGTH = re.compile(rb"(?im)^content-length:[ \t]*(\d+)")
_CHUNKED = re.compile(rb"(?im)^transfer-encoding:[^\r\n]*\bchunked\b")
_CLOSING = re.compile(rb"(?im)^connection:[^\r\n]*\bclose\b")
_FIRST_FINAL = 200
_BODILESS = frozenset({204, 304})


class NoAnswerError(Exception):
    """Nobody listens upstream, or it closed before it said a word."""


class Writer(Protocol):
    def write(self, data: bytes, /) -> None: ...
    async def drain(self) -> None: ...


class Nowhere:
    """Where the body goes of a request that nobody serves."""

    def write(self, _data: bytes, /) -> None: ...
    async def drain(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Head:
    raw: bytes

    def addressed_to(self, host: str) -> bytes:
        """The head with another Host."""
        return _HOST.sub(b"Host: " + host.encode(), self.raw, count=1)

    @property
    def asks(self) -> tuple[bytes, bytes]:
        """Method and target of the request line."""
        method, _, rest = self.raw.partition(b" ")
        return method, rest.partition(b" ")[0]

    @property
    def status(self) -> int:
        """Of an answer."""
        return int(self.raw.split(b" ", 2)[1][:3])

    @property
    def chunked(self) -> bool:
        return _CHUNKED.search(self.raw) is not None

    @property
    def length(self) -> int | None:
        found = _LENGTH.search(self.raw)
        return int(found[1]) if found else None

    @property
    def closes(self) -> bool:
        """Whether its sender closes the connection after this message."""
        return _CLOSING.search(self.raw) is not None


async def read_head(sender: StreamReader) -> Head | None:
    """The next message's head, or None when the sender left."""
    try:
        return Head(await sender.readuntil(b"\r\n\r\n"))
    except IncompleteReadError:
        return None


async def copy_body(head: Head, client: StreamReader, upstream: Writer) -> None:
    """Passes the request's body on as it arrives."""
    if not head.chunked:
        await _copy(head.length or 0, client, upstream)
        return
    size = 1
    while size:
        line = await client.readline()
        upstream.write(line)
        size = int(line.partition(b";")[0], 16)
        await _copy(size, client, upstream)
        if size:
            upstream.write(await client.readexactly(2))
    line = b"trailer"
    while line.strip():
        line = await client.readline()
        upstream.write(line)
    await upstream.drain()


async def copy_answer(method: bytes, upstream: StreamReader, client: Writer) -> bool:
    """Passes the answer to a request of this method on as it arrives; whether its connection serves another.

    Raises:
        NoAnswerError: upstream closed before it began.
        IncompleteReadError: upstream closed before the answer's end.
    """
    while True:
        head = await read_head(upstream)
        if head is None:
            raise NoAnswerError
        client.write(head.raw)
        if head.status >= _FIRST_FINAL:
            break
    if method != b"HEAD" and head.status not in _BODILESS:
        if head.length is None and not head.chunked:
            while piece := await upstream.read(PIECE):
                client.write(piece)
                await client.drain()
            return False
        await copy_body(head, upstream, client)
    await client.drain()
    return not head.closes


async def _copy(left: int, sender: StreamReader, receiver: Writer) -> None:
    while left:
        piece = await sender.read(min(left, PIECE))
        if not piece:
            raise IncompleteReadError(b"", left)
        receiver.write(piece)
        await receiver.drain()
        left -= len(piece)
