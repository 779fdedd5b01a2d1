"""A page of somebody else's that embeds one of ours, served under two names: two origins, neither of them ours."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from localstack.settings import HOST

ALLOWED = "http://localhost:*"
"""What the stack of the journeys lets embed; the same server as 127.0.0.1 is another origin."""


@contextmanager
def embedding_page(url: str) -> Iterator[Callable[[str], str]]:
    """Its address by the name of its host, while the block lasts."""
    frame = f'<iframe src="{url}" title="Usage" width="1200" height="820"></iframe>'
    page = f'<!doctype html><title>Shop</title><link rel="icon" href="data:,"><h2>Your account</h2>{frame}'.encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.send_header("content-length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: object) -> None:
            """The browser tells what came."""

    with ThreadingHTTPServer((HOST, 0), Handler) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield lambda host: f"http://{host}:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()
