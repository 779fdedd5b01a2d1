"""Where a request ends: its head, and its body by length or chunks. Bytes pass unchanged but for the Host line."""

import re
from asyncio import IncompleteReadError, StreamReader, StreamWriter
from dataclasses import dataclass

HEAD_LIMIT = 1 << 16
PIECE = 1 << 18
_HOST = re.compile(rb"(?im)^host:[^\r\n]*")
_LENGTH = re.compile(rb"(?im)^content-length:[ \t]*(\d+)")
_CHUNKED = re.compile(rb"(?im)^transfer-encoding:[^\r\n]*\bchunked\b")


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
    def chunked(self) -> bool:
        return _CHUNKED.search(self.raw) is not None

    @property
    def length(self) -> int:
        found = _LENGTH.search(self.raw)
        return int(found[1]) if found else 0


async def read_head(client: StreamReader) -> Head | None:
    """The next request's head, or None when the client left."""
    try:
        return Head(await client.readuntil(b"\r\n\r\n"))
    except IncompleteReadError:
        return None


async def copy_body(head: Head, client: StreamReader, upstream: StreamWriter) -> None:
    """Passes the request's body on as it arrives."""
    if not head.chunked:
        await _copy(head.length, client, upstream)
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


async def _copy(left: int, client: StreamReader, upstream: StreamWriter) -> None:
    while left:
        piece = await client.read(min(left, PIECE))
        if not piece:
            raise IncompleteReadError(b"", left)
        upstream.write(piece)
        await upstream.drain()
        left -= len(piece)
