"""The plain URL in front of the API: what a client sends and gets passes unchanged but for the Host line."""

import socket
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from localstack.fixtures import free_port
from localstack.gateway.upstream import AT_ONCE, WAITING
from localstack.pages import PAGES
from localstack.part import Part
from localstack.process import Processes, accepts

HOST_HEADER = "01b35d5b.execute-api.localhost:4566"


class Echo(BaseHTTPRequestHandler):
    """Answers with what it got: the Host, then the body."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    go_on = threading.Event()

    def do_POST(self) -> None:
        body = self._body()
        self.send_response(207, "Multi")
        self.send_header("X-Host", self.headers["Host"])
        self.send_header("X-Connection", str(self.client_address[1]))
        self.send_header("Set-Cookie", "a=1")
        self.send_header("Set-Cookie", "b=2")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"5\r\nfirst\r\n")
        self.go_on.wait(30)
        self.wfile.write(b"6\r\nsecond\r\n0\r\n\r\n")

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def log_message(self, *_: object) -> None:
        """Silent."""


class Upstream(ThreadingHTTPServer):
    """Has room for every client of these tests: a full accept queue resets connections on a loaded machine."""

    request_queue_size = 512


@pytest.fixture(scope="module")
def upstream() -> Iterator[int]:
    server = Upstream(("127.0.0.1", 0), Echo)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def gateway(upstream: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with running_gateway(upstream, tmp_path_factory.mktemp("gateway")) as port:
        yield port


class running_gateway:  # noqa: N801 - reads as the context manager it is
    def __init__(self, upstream: int, state: Path) -> None:
        self.port, self.processes = free_port(), Processes(state)
        command = (sys.executable, "-m", "localstack.gateway", "--port", str(self.port.number))
        self.part = Part(
            name="gateway",
            port=self.port,
            command=(*command, "--upstream-port", str(upstream), "--host", HOST_HEADER, "--pages", str(PAGES)),
            healthy=lambda: accepts(self.port.number),
        )

    def __enter__(self) -> int:
        self.processes.start(self.part)
        return self.port.number

    def __exit__(self, *_: object) -> None:
        self.processes.stop("gateway")


def test_status_headers_and_body_pass_unchanged_and_the_host_is_the_apis(gateway: int) -> None:
    connection = HTTPConnection("127.0.0.1", gateway)
    body = bytes(range(256)) * 20_000
    connection.request("POST", "/api/v1/events?a=%2F", body)
    answer = connection.getresponse()
    assert (answer.status, answer.reason) == (207, "Multi")
    assert answer.getheader("X-Host") == HOST_HEADER
    assert answer.headers.get_all("Set-Cookie") == ["a=1", "b=2"]
    assert answer.read() == body
    connection.close()


def test_a_connection_serves_request_after_request(gateway: int) -> None:
    connection = HTTPConnection("127.0.0.1", gateway)
    seen = set()
    for turn in range(50):
        connection.request("POST", "/", f"{turn}".encode())
        answer = connection.getresponse()
        seen.add(answer.getheader("X-Connection"))
        assert answer.read() == f"{turn}".encode()
    connection.close()
    assert len(seen) == 1


def test_a_chunked_upload_passes(gateway: int) -> None:
    connection = HTTPConnection("127.0.0.1", gateway)
    for _ in range(2):
        connection.request("POST", "/", iter([b"abc", b"", b"defg" * 50_000]), encode_chunked=True)
        assert connection.getresponse().read() == b"abc" + b"defg" * 50_000
    connection.close()


def test_an_answer_streams_while_the_function_still_works(gateway: int) -> None:
    Echo.go_on.clear()
    connection = HTTPConnection("127.0.0.1", gateway)
    connection.request("GET", "/")
    answer = connection.getresponse()
    assert answer.read(5) == b"first"
    Echo.go_on.set()
    assert answer.read() == b"second"
    connection.close()


def test_pages_and_api_share_a_connection(gateway: int) -> None:
    connection = HTTPConnection("127.0.0.1", gateway)
    for _ in range(2):
        connection.request("GET", "/pages/kit/tokens.css")
        page = connection.getresponse()
        assert (page.status, page.read()) == (200, (PAGES / "kit" / "tokens.css").read_bytes())
        connection.request("POST", "/api/v1/events", b"body")
        assert connection.getresponse().read() == b"body"
    connection.close()


def test_many_clients_at_once_each_get_their_own_answer(gateway: int) -> None:
    def talk(client: int) -> bool:
        connection = HTTPConnection("127.0.0.1", gateway)
        body = f"{client}".encode() * 10_000
        connection.request("POST", "/", body)
        same = connection.getresponse().read() == body
        connection.close()
        return same

    with ThreadPoolExecutor(20) as pool:
        assert all(pool.map(talk, range(200)))


def test_a_client_that_hangs_up_in_the_middle_harms_nobody(gateway: int) -> None:
    with socket.create_connection(("127.0.0.1", gateway)) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
    test_a_connection_serves_request_after_request(gateway)


def test_past_what_it_serves_at_once_it_says_when_to_come_back_and_then_serves_on(gateway: int) -> None:
    def asking() -> HTTPConnection:
        connection = HTTPConnection("127.0.0.1", gateway, timeout=30)
        connection.request("GET", "/")
        return connection

    Echo.go_on.clear()
    served = [asking() for _ in range(AT_ONCE)]
    assert [one.getresponse().read(5) for one in served] == [b"first"] * AT_ONCE
    waiting = [asking() for _ in range(WAITING)]
    shed = HTTPConnection("127.0.0.1", gateway, timeout=30)
    for _ in range(2):
        shed.request("POST", "/", b"body" * 100_000)
        answer = shed.getresponse()
        assert (answer.status, answer.getheader("Retry-After")) == (503, "1")
        assert b"as many requests" in answer.read()
    Echo.go_on.set()
    assert [one.getresponse().read() for one in waiting] == [b"firstsecond"] * WAITING
    shed.request("POST", "/", b"body")
    assert shed.getresponse().read() == b"body"
    for one in (*served, *waiting, shed):
        one.close()


def test_an_absent_emulator_is_a_502_that_says_so(tmp_path: Path) -> None:
    with running_gateway(free_port().number, tmp_path) as port:
        connection = HTTPConnection("127.0.0.1", port)
        connection.request("GET", "/")
        answer = connection.getresponse()
        assert (answer.status, answer.getheader("Content-Type")) == (502, "application/problem+json")
        assert b"emulator does not answer" in answer.read()
        connection.close()
