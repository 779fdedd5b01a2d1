"""HTTP around the engine: reads requests, checks the one login, writes results and errors as ClickHouse does."""

import base64
import hmac
import json
import threading
import time
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from localstack.clickhouse.compression import inflate
from localstack.clickhouse.engine import Engine, EngineError, Outcome
from localstack.clickhouse.statement import parse_statement
from localstack.settings import HOST, Login

AUTHENTICATION_FAILED = 516
BAD_ARGUMENTS = 36
# The numbers that ClickHouse's own HTTPHandler maps; everything else is a 500 there too.
STATUS = {
    516: 403, 497: 403, 164: 403, 36: 400, 27: 400, 43: 400, 62: 400, 117: 400, 386: 400, 457: 400,
    46: 404, 47: 404, 60: 404, 81: 404, 115: 404, 159: 408, 202: 503,
}  # fmt: skip
BINARY_FORMATS = {"Native", "RowBinary", "RowBinaryWithNamesAndTypes", "Arrow", "ArrowStream", "Parquet"}


class ClickHouseServer(ThreadingHTTPServer):
    """One thread a connection; the engine does its work outside Python's lock."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, port: int, engine: Engine, login: Login) -> None:
        super().__init__((HOST, port), Handler)
        self.engine = engine
        self.login = login


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16
    server: ClickHouseServer

    def do_POST(self) -> None:
        url = urlsplit(self.path)
        arguments = dict(parse_qsl(url.query, keep_blank_values=True))
        raw = self._read_body()
        if url.path in {"/ping", "/replicas_status"} or not (raw or "query" in arguments):
            self._reply(HTTPStatus.OK, b"Ok.\n", {})
        elif not self._authenticated(arguments):
            message = "DB::Exception: Authentication failed: password is incorrect, or there is no user with such name."
            self._fail(
                EngineError(AUTHENTICATION_FAILED, f"Code: {AUTHENTICATION_FAILED}. {message} (AUTHENTICATION_FAILED)")
            )
        else:
            self._run(arguments, raw)

    do_GET = do_POST  # noqa: N815 - the name is BaseHTTPRequestHandler's

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is BaseHTTPRequestHandler's
        """Silent: the statements are in the client's hands."""

    def _run(self, arguments: Mapping[str, str], raw: bytes) -> None:
        started = time.perf_counter_ns()
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            body = inflate(headers.get("content-encoding", "").lower(), raw)
            statement = parse_statement(self.command, headers, arguments, body)
            outcome = self.server.engine.run(statement)
        except EngineError as error:
            self._fail(error)
        except ValueError as error:
            self._fail(EngineError(BAD_ARGUMENTS, f"Code: {BAD_ARGUMENTS}. DB::Exception: {error}. (BAD_ARGUMENTS)"))
        else:
            summary = _summary(outcome, time.perf_counter_ns() - started)
            described = {
                "X-ClickHouse-Query-Id": statement.query_id,
                "X-ClickHouse-Format": outcome.format,
                "X-ClickHouse-Summary": json.dumps(summary),
                "Content-Type": _content_type(outcome.format),
            }
            self._reply(HTTPStatus.OK, outcome.data, described)

    def _read_body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = bytearray()
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass  # trailers
        return bytes(body)

    def _authenticated(self, arguments: Mapping[str, str]) -> bool:
        scheme, _, encoded = self.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "basic":
            username, _, password = base64.b64decode(encoded).decode().partition(":")
        else:
            username = arguments.get("user") or self.headers.get("X-ClickHouse-User") or "default"
            password = arguments.get("password") or self.headers.get("X-ClickHouse-Key") or ""
        expected = self.server.login
        return username == expected.username and hmac.compare_digest(password.encode(), expected.password.encode())

    def _fail(self, error: EngineError) -> None:
        status = STATUS.get(error.code, HTTPStatus.INTERNAL_SERVER_ERROR)
        self._reply(status, f"{error}\n".encode(), {"X-ClickHouse-Exception-Code": str(error.code)})

    def _reply(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {
            "Content-Type": "text/plain; charset=UTF-8",
            "X-ClickHouse-Timezone": "UTC",
            **headers,
        }.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


def serve(server: ClickHouseServer, stop: threading.Event) -> None:
    """Answers until `stop` is set, then flushes the engine."""
    threading.Thread(target=server.serve_forever, name="accept", daemon=True).start()
    stop.wait()
    server.shutdown()
    server.server_close()
    server.engine.close()


def _summary(outcome: Outcome, elapsed_ns: int) -> dict[str, str]:
    counters = {
        "read_rows": outcome.read_rows or outcome.written_rows,
        "read_bytes": outcome.read_bytes or outcome.written_bytes,
        "written_rows": outcome.written_rows,
        "written_bytes": outcome.written_bytes,
        "total_rows_to_read": 0,
        "result_rows": outcome.read_rows,
        "result_bytes": len(outcome.data),
        "elapsed_ns": elapsed_ns,
    }
    return {name: str(value) for name, value in counters.items()}


def _content_type(name: str) -> str:
    if name in BINARY_FORMATS:
        return "application/octet-stream"
    return "application/json; charset=UTF-8" if name.startswith("JSON") else "text/tab-separated-values; charset=UTF-8"
