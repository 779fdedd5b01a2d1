"""`python -m localstack.gateway --port PORT --upstream-port PORT --host HOST`: forwards with this Host header.

What lies below /pages/ it answers itself, as CloudFront does in AWS.
"""

import argparse
import asyncio
import logging
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from localstack.gateway.framing import HEAD_LIMIT, PIECE, Head, copy_body, read_head
from localstack.gateway.pages import PREFIX, Pages
from localstack.settings import HOST

log = logging.getLogger(__name__)

_GONE = b'{"type":"about:blank","title":"Bad Gateway","status":502,"detail":"the local AWS emulator does not answer"}'
UPSTREAM_GONE = (
    b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: application/problem+json\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(_GONE), _GONE)
)


@dataclass(frozen=True, slots=True)
class Gateway:
    """Pairs every client connection with one of its own upstream, so that answers need no parsing at all."""

    upstream_port: int
    host: str
    pages: Pages

    async def serve(self, client: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        """Forwards one client's requests until either side closes."""
        try:
            reader, writer = await asyncio.open_connection(HOST, self.upstream_port, limit=HEAD_LIMIT)
        except OSError:
            answer.write(UPSTREAM_GONE)
            await _close(answer)
            return
        requests = asyncio.create_task(self._forward(client, writer, answer))
        answers = asyncio.create_task(_pump(reader, answer))
        # A client that stops sending still waits for its answer; an upstream that closes has said all it will.
        with suppress(ConnectionError):
            await answers
        requests.cancel()
        with suppress(asyncio.CancelledError, ConnectionError, asyncio.IncompleteReadError, ValueError):
            await requests
        await _close(writer)
        await _close(answer)

    async def _forward(
        self, client: asyncio.StreamReader, upstream: asyncio.StreamWriter, answer: asyncio.StreamWriter
    ) -> None:
        try:
            while head := await read_head(client):
                if page := self._page(head):
                    # a client that sends its next request before it has its answer is none of those served here
                    answer.write(page)
                    await answer.drain()
                    continue
                upstream.write(head.addressed_to(self.host))
                await copy_body(head, client, upstream)
        finally:
            if upstream.can_write_eof():
                upstream.write_eof()

    def _page(self, head: Head) -> bytes | None:
        method, target = head.asks
        is_page = method in {b"GET", b"HEAD"} and target.startswith(PREFIX.encode())
        return self.pages.answer(method, target) if is_page else None


async def _pump(upstream: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
    while piece := await upstream.read(PIECE):
        answer.write(piece)
        await answer.drain()


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


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
    asyncio.run(run(Gateway(options.upstream_port, options.host, pages), options.port))


if __name__ == "__main__":
    main()
