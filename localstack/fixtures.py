"""Throw-away servers for tests: each on a free port, in a folder of its own, gone at the end of the block."""

import secrets
import shutil
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from localstack.aws import aws_environment, aws_part
from localstack.clickhouse.part import clickhouse_part
from localstack.kafka import kafka_part
from localstack.part import Part
from localstack.postgres import CACHE, postgres_part
from localstack.process import Processes
from localstack.settings import (
    CLICKHOUSE_LOGIN,
    DATABASE,
    DEFAULT_PORTS,
    HOST,
    POSTGRES_OWNER,
    POSTGRES_SUPERUSER,
    Login,
    Port,
    Stack,
)

_DRAWN = range(10_100, 21_000)
"""Below what systems give to outgoing connections and to who binds to port 0: until a server is up these stay free."""

_PATIENCE_SECONDS = 180


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running PostgreSQL. `owner` makes roles and, by migrating, `database`; `superuser` is for tests that force."""

    host: str
    port: int
    database: str
    owner: Login
    superuser: Login

    def dsn(self, login: Login | None = None, database: str | None = None) -> str:
        """A libpq connection string; the owner's on the server's database by default."""
        who = login or self.owner
        return (
            f"host={self.host} port={self.port} dbname={database or self.database} sslmode=disable "
            f"user={who.username} password={who.password}"
        )


@dataclass(frozen=True, slots=True)
class ClickHouseServer:
    """A running ClickHouse with only its `default` database."""

    host: str
    port: int
    username: str
    password: str

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class KafkaServer:
    """A running broker without topics. Consumers need session.timeout.ms=6000, or joining a group takes 23 s."""

    bootstrap_servers: str


@contextmanager
def running_postgres(cache: str = CACHE, locale: str = "C") -> Iterator[PostgresServer]:
    """A server thrown away at the end; `cache` and `locale` as for `postgres_part`."""
    with temporary_folder() as folder:
        port = free_port()
        with running(postgres_part(port, folder / "data", durable=False, cache=cache, locale=locale), folder):
            yield PostgresServer(HOST, port.number, DATABASE, POSTGRES_OWNER, POSTGRES_SUPERUSER)


@contextmanager
def running_clickhouse() -> Iterator[ClickHouseServer]:
    with temporary_folder() as folder:
        port = free_port()
        with running(clickhouse_part(port, folder / "data"), folder):
            yield ClickHouseServer(HOST, port.number, CLICKHOUSE_LOGIN.username, CLICKHOUSE_LOGIN.password)


@contextmanager
def running_kafka(port: Port | None = None) -> Iterator[KafkaServer]:
    with temporary_folder() as folder:
        port = port or free_port()
        with running(kafka_part(port), folder):
            yield KafkaServer(f"{HOST}:{port.number}")


@contextmanager
def running_aws() -> Iterator[Mapping[str, str]]:
    """A new, empty AWS account, as the environment in which functions and SDKs speak to it."""
    with temporary_folder() as folder:
        stack = Stack(folder, *free_ports(len(DEFAULT_PORTS)))
        with running(aws_part(stack), folder):
            yield aws_environment(stack)


def free_port() -> Port:
    """A port that nobody holds at this moment, and that nobody is given unasked."""
    [port] = free_ports(1)
    return port


def free_ports(count: int) -> list[Port]:
    """So many different ones, as `free_port`.

    Raises:
        OSError: there are not that many.
    """
    drawn: list[Port] = []
    with ExitStack() as held:
        for number in secrets.SystemRandom().sample(_DRAWN, len(_DRAWN)):
            if len(drawn) == count:
                break
            with suppress(OSError):
                held.enter_context(socket.socket()).bind((HOST, number))
                drawn.append(Port(number, "nothing: it was drawn"))
    if len(drawn) < count:
        raise OSError(f"{count} ports are wanted and {len(drawn)} of {_DRAWN.start} to {_DRAWN.stop - 1} are free")
    return drawn


@contextmanager
def running(part: Part, state: Path) -> Iterator[Processes]:
    """The part, alone in its folder. It has longer to come up than a developer waits: tests keep the machine busy."""
    processes = Processes(state)
    processes.start(replace(part, patience=_PATIENCE_SECONDS))
    try:
        yield processes
    finally:
        processes.stop(part.name)


@contextmanager
def temporary_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="meterhouse-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
