"""The way to the emulator: so many requests at once and no more, a short queue before them, and then a refusal.

Every request that is being served has a process of its own there. Let in without a bound, a burst starts hundreds on
this machine's few cores: none answers before its time is up, each is started again, and nobody is served ever after.
"""

import asyncio
import time
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from localstack.gateway.framing import HEAD_LIMIT, NoAnswerError
from localstack.settings import HOST

AT_ONCE = 8
WAITING = 64
PATIENCE_SECONDS = 10.0
_FRESH_SECONDS = 2.0
"""The emulator closes what was idle for five seconds: a request sent at that instant would be lost."""


class BusyError(Exception):
    """As many requests as may are served and wait already, or this one waited too long."""


@dataclass(slots=True)
class Connection:
    reader: StreamReader
    writer: StreamWriter
    used_at: float = 0.0
    is_reusable: bool = False
    """Set by who has read an answer to its end."""

    @property
    def is_fresh(self) -> bool:
        return not self.reader.at_eof() and time.monotonic() - self.used_at < _FRESH_SECONDS


@dataclass(slots=True)
class Upstream:
    port: int
    _served: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    _waiting: int = 0
    _idle: list[Connection] = field(default_factory=list)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection for one request.

        Raises:
            BusyError: the request cannot be served now.
            NoAnswerError: nobody listens.
        """
        await self._admitted()
        try:
            found = await self._opened()
            try:
                yield found
            finally:
                self._put_back(found)
        finally:
            self._served.release()

    async def _admitted(self) -> None:
        if self._waiting >= WAITING:
            raise BusyError
        self._waiting += 1
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._served.acquire()
        except TimeoutError:
            raise BusyError from None
        finally:
            self._waiting -= 1

    async def _opened(self) -> Connection:
        while self._idle:
            found = self._idle.pop()
            if found.is_fresh:
                found.is_reusable = False
                return found
            found.writer.close()
        try:
            return Connection(*await asyncio.open_connection(HOST, self.port, limit=HEAD_LIMIT))
        except OSError as error:
            raise NoAnswerError from error

    def _put_back(self, used: Connection) -> None:
        if not used.is_reusable:
            used.writer.close()
            return
        used.used_at = time.monotonic()
        self._idle.append(used)


async def close(writer: StreamWriter) -> None:
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()
