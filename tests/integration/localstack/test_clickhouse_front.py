"""The ClickHouse front under its ordinary HTTP client: what goes in comes out, and errors are ClickHouse's own."""

import base64
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote

import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError

from localstack.clickhouse.part import clickhouse_part
from localstack.fixtures import ClickHouseServer, free_port, temporary_folder
from localstack.process import Processes
from localstack.settings import CLICKHOUSE_LOGIN, HOST

BLOCK_ROWS = 250_000


def connect(server: ClickHouseServer, **options: Any) -> Client:
    settings: dict[str, Any] = {"username": server.username, "password": server.password} | options
    return clickhouse_connect.get_client(host=server.host, port=server.port, **settings)


@pytest.fixture
def client(clickhouse_server: ClickHouseServer) -> Iterator[Client]:
    with connect(clickhouse_server) as admin:
        admin.command("CREATE DATABASE front")
        with connect(clickhouse_server, database="front") as client:
            yield client
        admin.command("DROP DATABASE front SYNC")


@pytest.mark.parametrize("compress", ["lz4", "zstd", "gzip", False])
def test_every_block_of_an_insert_arrives_under_every_compression(
    client: Client, clickhouse_server: ClickHouseServer, compress: str | bool
) -> None:
    client.command("CREATE TABLE t (n UInt64, s String) ENGINE = MergeTree ORDER BY n")
    rows = [[n, f"row {n}"] for n in range(BLOCK_ROWS)]
    with connect(clickhouse_server, database="front", compress=compress) as writer:
        context = writer.create_insert_context("t", column_names=["n", "s"])
        # Small blocks make one body of many frames, which is what large inserts are.
        context.block_row_count = 10_000
        context.data = rows
        summary = writer.data_insert(context)
    assert summary.written_rows == BLOCK_ROWS
    assert client.query("SELECT count(), sum(n), uniqExact(s) FROM t").result_rows == [
        (BLOCK_ROWS, BLOCK_ROWS * (BLOCK_ROWS - 1) // 2, BLOCK_ROWS)
    ]


def test_decimals_times_and_maps_come_back_as_they_went_in(client: Client) -> None:
    client.command(
        "CREATE TABLE t (a Decimal(38, 18), b Decimal(76, 18), at DateTime64(3, 'UTC'), m Map(String, String), "
        "n Nullable(Decimal(38, 18))) ENGINE = MergeTree ORDER BY at"
    )
    row = (
        Decimal("12345678901234567890.123456789012345678"),
        Decimal("-1234567890123456789012345678901234567890123456789012345678.000000000000000001"),
        datetime(2013, 1, 1, 5, 0, 0, 123_000, UTC),
        {"origin": "JFK", "dest": "it's \\ a\ttab\nand é"},
        None,
    )
    client.insert("t", [row], column_names=["a", "b", "at", "m", "n"])
    assert client.query("SELECT a, b, at, m, n FROM t", tz_mode="aware").result_rows == [row]


def test_parameters_are_bound_by_the_server(client: Client) -> None:
    text = "it's \\ a\ttab\nand é {x}"
    at = datetime(2013, 1, 1, tzinfo=UTC)
    found = client.query(
        "SELECT {text:String}, {at:DateTime64(3, 'UTC')}, {list:Array(String)}, {amount:Decimal(38, 18)}",
        parameters={"text": text, "at": at, "list": ["a", "b'c"], "amount": Decimal("0.1")},
        tz_mode="aware",
    ).result_rows
    assert found == [(text, at, ["a", "b'c"], Decimal("0.1"))]


def test_settings_hold_for_one_request_only(client: Client) -> None:
    changed = client.query("SELECT getSetting('max_block_size')", settings={"max_block_size": 77}).result_rows
    again = client.query("SELECT getSetting('max_block_size')").result_rows
    assert (changed, again != changed) == ([(77,)], True)


def test_a_session_keeps_its_temporary_tables(clickhouse_server: ClickHouseServer) -> None:
    with connect(clickhouse_server, session_id="keeps") as client:
        client.command("CREATE TEMPORARY TABLE mine (n UInt8)")
        client.command("INSERT INTO mine VALUES (1), (2)")
        assert client.command("SELECT sum(n) FROM mine") == 3


def test_text_formats_and_an_insert_from_select_work_too(client: Client) -> None:
    client.command("CREATE TABLE t (n UInt64) ENGINE = MergeTree ORDER BY n")
    client.command("INSERT INTO t SELECT number FROM numbers(5)")
    client.raw_insert("t", ["n"], b"7\n8\n", fmt="CSV")
    assert client.raw_query("SELECT n FROM t ORDER BY n", fmt="JSONCompactEachRow") == (
        b"[0]\n[1]\n[2]\n[3]\n[4]\n[7]\n[8]\n"
    )


def test_streams_of_blocks_are_read_to_the_end(client: Client) -> None:
    with client.query_row_block_stream("SELECT number FROM numbers(300000)") as stream:
        assert sum(len(block) for block in stream) == 300_000


@pytest.mark.parametrize(
    ("statement", "code"),
    [("SELECT * FROM nowhere", 60), ("SELEC 1", 62), ("SELECT nothing FROM system.one", 47)],
)
def test_errors_are_clickhouses_own(client: Client, statement: str, code: int) -> None:
    with pytest.raises(DatabaseError, match=rf"(?i)code:? {code}"):
        client.query(statement)


def test_rows_of_a_wrong_type_are_refused_and_nothing_is_stored(client: Client) -> None:
    client.command("CREATE TABLE t (n UInt64) ENGINE = MergeTree ORDER BY n")
    with pytest.raises(DatabaseError):
        client.raw_insert("t", ["n"], b"1\nnot a number\n", fmt="CSV")
    assert client.command("SELECT count() FROM t") == 0


def test_a_wrong_password_is_refused(clickhouse_server: ClickHouseServer) -> None:
    with pytest.raises(DatabaseError, match=r"(?i)authentication failed"):
        connect(clickhouse_server, password="wrong")


def test_a_get_request_cannot_write(client: Client, clickhouse_server: ClickHouseServer) -> None:
    client.command("CREATE TABLE t (n UInt64) ENGINE = MergeTree ORDER BY n")
    client.command("INSERT INTO t VALUES (1)")
    login = base64.b64encode(f"{clickhouse_server.username}:{clickhouse_server.password}".encode()).decode()
    connection = HTTPConnection(clickhouse_server.host, clickhouse_server.port)
    statement = quote("INSERT INTO front.t VALUES (2)")
    connection.request("GET", f"/?query={statement}", headers={"Authorization": f"Basic {login}"})
    answer = connection.getresponse()
    connection.close()
    assert (answer.status, answer.getheader("X-ClickHouse-Exception-Code")) == (403, "164")
    assert client.command("SELECT sum(n) FROM t") == 1


def test_inserts_and_queries_of_many_clients_at_once_lose_nothing(
    clickhouse_server: ClickHouseServer, client: Client
) -> None:
    client.command("CREATE TABLE t (n UInt64) ENGINE = MergeTree ORDER BY n")

    def work(worker: int) -> int:
        with connect(clickhouse_server, database="front") as own:
            for turn in range(5):
                start = (worker * 5 + turn) * 1000
                own.insert("t", [[n] for n in range(start, start + 1000)], column_names=["n"])
                own.query("SELECT count(), sum(n) FROM t")
        return worker

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(work, range(8))) == list(range(8))
    assert client.query("SELECT count(), uniqExact(n) FROM t").result_rows == [(40_000, 40_000)]


def test_a_retried_insert_with_its_token_is_stored_once(client: Client) -> None:
    client.command(
        "CREATE TABLE t (n UInt64) ENGINE = MergeTree ORDER BY n SETTINGS non_replicated_deduplication_window = 100"
    )
    for _ in range(3):
        client.insert("t", [[1], [2]], column_names=["n"], settings={"insert_deduplication_token": "one"})
    assert client.command("SELECT count() FROM t") == 2


def test_a_kill_during_inserts_loses_no_acknowledged_row() -> None:
    with temporary_folder() as folder:
        port = free_port()
        server = ClickHouseServer(HOST, port.number, CLICKHOUSE_LOGIN.username, CLICKHOUSE_LOGIN.password)
        processes = Processes(folder)
        part = clickhouse_part(port, folder / "data")
        processes.start(part)
        try:
            with connect(server) as admin:
                admin.command("CREATE TABLE t (n UInt64) ENGINE = MergeTree ORDER BY n")
            with ThreadPoolExecutor(4) as pool:
                under_way = threading.Event()
                writers = [pool.submit(insert_until_killed, server, worker, under_way) for worker in range(4)]
                assert under_way.wait(120)
                process = processes.find("clickhouse")
                assert process is not None
                process.send_signal(signal.SIGKILL)
                acknowledged = {n for writer in writers for n in writer.result()}
            processes.start(part)
            with connect(server) as reader:
                stored = {n for (n,) in reader.query("SELECT n FROM t").result_rows}
        finally:
            processes.stop("clickhouse")
    assert acknowledged <= stored


def insert_until_killed(server: ClickHouseServer, worker: int, under_way: threading.Event) -> list[int]:
    acknowledged: list[int] = []
    try:
        with connect(server) as client:
            for batch in range(1000):
                rows = range(worker * 10**9 + batch * 100, worker * 10**9 + batch * 100 + 100)
                client.insert("t", [[n] for n in rows], column_names=["n"])
                acknowledged += rows
                under_way.set()
    except (ClickHouseError, OSError):
        pass
    return acknowledged
