"""`python -m localstack.gateway --port PORT --upstream-port PORT --host HOST`: forwards with this Host header.

What lies below /pages/ it answers itself, as CloudFront does in AWS.
"""

import argparse
import asyncio
import json
import logging
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from localstack.gateway.framing import HEAD_LIMIT, Head, NoAnswerError, Nowhere, copy_answer, copy_body, read_head
from localstack.gateway.pages import PREFIX, Pages
from localstack.gateway.upstream import BusyError, Connection, Upstream, close
from localstack.settings import HOST

log = logging.getLogger(__name__)


def _problem(status: int, title: str, detail: str, *headers: str) -> bytes:
    body = json.dumps({"type": "about:blank", "title": title, "status": status, "detail": detail}).encode()
    lines = [f"HTTP/1.1 {status} {title}", "Content-Type: application/problem+json", *headers]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


UPSTREAM_GONE = _problem(502, "Bad Gateway", "the local AWS emulator does not answer", "Connection: close")
BUSY = _problem(503, "Service Unavailable", "as many requests as this machine serves are at work", "Retry-After: 1")


@dataclass(frozen=True, slots=True)
class Gateway:
    """Forwards a client's requests one after the other, each on a connection that is its own until it is answered."""

    upstream: Upstream
    host: str
    pages: Pages

    async def serve(self, client: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        """Forwards one client's requests until either side closes."""
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            while (head := await read_head(client)) and await self._answered(head, client, answer):
                await answer.drain()
        await close(answer)

    async def _answered(self, head: Head, client: asyncio.StreamReader, answer: asyncio.StreamWriter) -> bool:
        """Whether the client may send another request."""
        if page := self._page(head):
            answer.write(page)
            return True
        try:
            async with self.upstream.connection() as there:
                return await self._exchanged(head, client, answer, there)
        except BusyError:
            await copy_body(head, client, Nowhere())
            answer.write(BUSY)
            return True
        except NoAnswerError:
            answer.write(UPSTREAM_GONE)
            return False

    async def _exchanged(
        self, head: Head, client: asyncio.StreamReader, answer: asyncio.StreamWriter, there: Connection
    ) -> bool:
        sending = asyncio.create_task(self._sent(head, client, there.writer))
        try:
            # read beside the sending: an answer may come before the body's end, and one of 100 before its beginning
            is_kept = await copy_answer(head.asks[0], there.reader, answer)
            there.is_reusable = is_kept and sending.done()
            return sending.done()
        finally:
            sending.cancel()
            with suppress(asyncio.CancelledError, ConnectionError, asyncio.IncompleteReadError, ValueError):
                await sending

    async def _sent(self, head: Head, client: asyncio.StreamReader, upstream: asyncio.StreamWriter) -> None:
        try:
            upstream.write(head.addressed_to(self.host))
            await copy_body(head, client, upstream)
        except BaseException:
            upstream.close()  # which ends the wait for an answer to half a request
            raise

    def _page(self, head: Head) -> bytes | None:
        method, target = head.asks
        is_page = method in {b"GET", b"HEAD"} and target.startswith(PREFIX.encode())
        return self.pages.answer(method, target) if is_page else None


async def run(gateway: Gateway, port: int) -> None:
    stop = asyncio.Event()
    for ending in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(ending, stop.set)
    server = await asyncio.start_server(gateway.serve, HOST, port, limit=HEAD_LIMIT, backlog=512)
    log.info("http://%s:%s forwards to %s", HOST, port, gateway.host)
    await stop.wait()
    server.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--upstream-port", type=int, required=True)
    parser.add_argument("--host", required=True)
    parser.add_argument("--pages", type=Path, required=True, help="the folder of the pages")
    parser.add_argument("--frame-ancestors", default="'self'", help="who may embed the customer's page")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    pages = Pages.of(options.pages, options.frame_ancestors)
    asyncio.run(run(Gateway(Upstream(options.upstream_port), options.host, pages), options.port))


if __name__ == "__main__":
    main()
