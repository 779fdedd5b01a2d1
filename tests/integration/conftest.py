"""One real server of each kind for the whole ring, migrated once; each test works in a namespace of its own."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from types import ModuleType

import pytest

from localstack.fixtures import (
    ClickHouseServer,
    KafkaServer,
    PostgresServer,
    running_aws,
    running_clickhouse,
    running_kafka,
    running_postgres,
)
from meterhouse.platform.clickhouse import ClickHouse, ClickHouseSettings
from meterhouse.platform.ids import new_id
from meterhouse.platform.migrated_clickhouse import MigratedClickHouse
from meterhouse.platform.migrated_postgres import MigratedPostgres
from meterhouse.platform.migrations import migrate, migrations
from meterhouse.platform.namespaces import add_namespace
from meterhouse.platform.postgres import APPLICATION_ROLE, Database, PostgresSettings
from tests.integration.crashing import durable_database
from tests.integration.held import hang_up


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="module")
def durable() -> Iterator[Database]:
    """A server that keeps what it promised, unlike the ring's own, and may be killed."""
    with durable_database() as database:
        yield database


@pytest.fixture(scope="session")
def clickhouse_server() -> Iterator[ClickHouseServer]:
    with running_clickhouse() as server:
        yield server


@pytest.fixture(scope="session")
def kafka_server() -> Iterator[KafkaServer]:
    with running_kafka() as server:
        yield server


@pytest.fixture(scope="session")
def aws_account() -> Iterator[Mapping[str, str]]:
    """The emulator, as the environment in which functions speak to it; tests tell their things apart by name."""
    with running_aws() as environment:
        yield environment


@pytest.fixture(scope="session")
def owner_settings(postgres_server: PostgresServer) -> PostgresSettings:
    """How migrations connect: as the tables' owner."""
    server, owner = postgres_server, postgres_server.owner
    return PostgresSettings(server.host, server.port, server.database, owner.username, owner.password, "disable")


@pytest.fixture(scope="session")
def database_settings(owner_settings: PostgresSettings) -> PostgresSettings:
    """How the application connects to the migrated database; for tests that need connections of their own.

    It is patient: fifty who sign in at once, and wait for each other, take their time on a busy machine.
    """
    owner = owner_settings
    named = PostgresSettings(owner.host, owner.port, owner.database, APPLICATION_ROLE, "test-app", "disable")
    settings = replace(named, connects_within=120, answers_within=120)
    store = MigratedPostgres(owner, settings, makes_database=True)
    with store.alone():
        store.create_application_role()
        migrate(store, migrations("postgres"))
    return settings


@pytest.fixture(scope="session")
def database(database_settings: PostgresSettings) -> Iterator[Database]:
    """The migrated database as the application sees it: its role owns nothing and bypasses no policy."""
    opened = Database(lambda: database_settings)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def unguarded(postgres_server: PostgresServer, database: Database) -> Iterator[Database]:
    """The same tables as a superuser sees them: row level security does not bind it."""
    assert database
    server, role = postgres_server, postgres_server.superuser
    settings = PostgresSettings(server.host, server.port, server.database, role.username, role.password, "disable")
    opened = Database(lambda: settings)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def new_namespace(database: Database) -> Callable[[], str]:
    """Opens a fresh namespace that the walk of scheduled functions knows."""

    def opened() -> str:
        name = f"test-{new_id().lower()}"
        add_namespace(database, name)
        return name

    return opened


@pytest.fixture
def namespace(new_namespace: Callable[[], str]) -> str:
    return new_namespace()


@pytest.fixture
def other_namespace(new_namespace: Callable[[], str]) -> str:
    return new_namespace()


@pytest.fixture(scope="session")
def usage_store_settings(clickhouse_server: ClickHouseServer) -> ClickHouseSettings:
    """How the application connects to the migrated usage store; it is as patient as `database_settings`."""
    server = clickhouse_server
    named = ClickHouseSettings(server.url, "meterhouse", server.username, server.password)
    settings = replace(named, connects_within=120, answers_within=120)
    migrate(MigratedClickHouse(settings), migrations("clickhouse"))
    return settings


@pytest.fixture(scope="session")
def usage_store(usage_store_settings: ClickHouseSettings) -> ClickHouse:
    """The migrated usage store; tests tell their rows apart by namespace."""
    return ClickHouse(lambda: usage_store_settings)


@pytest.fixture
def composed(
    monkeypatch: pytest.MonkeyPatch, database_settings: PostgresSettings, usage_store_settings: ClickHouseSettings
) -> Iterator[Callable[..., None]]:
    """Lets functions' handlers, as they are composed, meet the ring's stores; their connections end with the test."""
    stores: list[Database | ClickHouse] = []

    def compose(*handlers: ModuleType) -> None:
        for held in (one for handler in handlers for one in vars(handler).values()):
            if isinstance(held, Database):
                monkeypatch.setattr(held, "_settings", lambda: database_settings)
                stores.append(held)
            elif isinstance(held, ClickHouse):
                monkeypatch.setattr(held, "_settings", lambda: usage_store_settings)
                stores.append(held)

    yield compose
    for store in stores:
        hang_up(store)
