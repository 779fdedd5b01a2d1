"""Migrations on real engines: applied once, in order, whole or not at all."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

import psycopg
import pytest

from localstack.fixtures import PostgresServer
from meterhouse.kernel.errors import InvariantBroken, Unavailable
from meterhouse.platform.clickhouse import ClickHouse, ClickHouseSettings
from meterhouse.platform.ids import new_id
from meterhouse.platform.migrated_clickhouse import MigratedClickHouse
from meterhouse.platform.migrated_postgres import MigratedPostgres
from meterhouse.platform.migrations import Migration, migrate, migrations
from meterhouse.platform.postgres import Database, PostgresSettings

FIRST = Migration("0001_first.sql", "CREATE TABLE first (n integer); CREATE TABLE second (n integer);")
BROKEN = Migration("0002_broken.sql", "CREATE TABLE third (n integer); SELECT no_such_function();")


@pytest.fixture
def empty(postgres_server: PostgresServer, owner_settings: PostgresSettings) -> Iterator[PostgresSettings]:
    """A database of its own, as its owner; migrating makes it."""
    name = f"test_{new_id().lower()}"
    yield replace(owner_settings, database=name)
    with psycopg.connect(postgres_server.dsn(database="postgres"), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name}")


@pytest.fixture
def application(empty: PostgresSettings, database_settings: PostgresSettings) -> PostgresSettings:
    return replace(database_settings, database=empty.database)


def run(owner: PostgresSettings, application: PostgresSettings, wanted: list[Migration]) -> list[str]:
    store = MigratedPostgres(owner, application, makes_database=True)
    with store.alone():
        store.create_application_role()
        return migrate(store, wanted)


def test_every_room_s_migrations_are_applied_once(empty: PostgresSettings, application: PostgresSettings) -> None:
    wanted = migrations("postgres")
    assert run(empty, application, wanted) == [migration.name for migration in wanted]
    assert run(empty, application, wanted) == []


def test_concurrent_deployments_apply_each_migration_once(
    empty: PostgresSettings, application: PostgresSettings
) -> None:
    with ThreadPoolExecutor(3) as pool:
        applied = list(pool.map(lambda _: run(empty, application, [FIRST]), range(3)))
    assert sorted(applied) == [[], [], [FIRST.name]]


def test_a_migration_changed_after_it_was_applied_stops_everything(
    empty: PostgresSettings, application: PostgresSettings
) -> None:
    run(empty, application, [FIRST])
    with pytest.raises(InvariantBroken, match=r"changed after they were applied: 0001_first\.sql"):
        run(empty, application, [replace(FIRST, sql="SELECT 1"), Migration("0003_new.sql", "SELECT 1")])


def test_a_migration_that_fails_leaves_nothing_behind(empty: PostgresSettings, application: PostgresSettings) -> None:
    with pytest.raises(psycopg.errors.UndefinedFunction):
        run(empty, application, [FIRST, BROKEN])
    mended = Migration(BROKEN.name, "CREATE TABLE third (n integer)")
    assert run(empty, application, [FIRST, mended]) == [mended.name]


def test_another_password_takes_effect_with_the_next_run(
    empty: PostgresSettings, application: PostgresSettings
) -> None:
    changed = replace(application, password="another")
    run(empty, changed, [])
    with closing(Database(lambda: changed)) as database, database.transaction("default"):
        pass
    with pytest.raises(Unavailable), Database(lambda: application).transaction("default"):
        pytest.fail("the old password still works")
    run(empty, application, [])


def test_the_application_cannot_be_another_role_than_the_grants_name(
    empty: PostgresSettings, application: PostgresSettings
) -> None:
    with pytest.raises(InvariantBroken, match="must connect as meterhouse_app"):
        run(empty, replace(application, username="somebody"), [])


def test_clickhouse_migrations_are_applied_once_and_a_change_is_noticed(
    usage_store_settings: ClickHouseSettings,
) -> None:
    settings = replace(usage_store_settings, database=f"test_{new_id().lower()}")
    wanted = Migration(
        "0001_first.sql", "CREATE TABLE first (n UInt8) ENGINE = Memory;\nINSERT INTO first VALUES (1);\n"
    )
    assert migrate(MigratedClickHouse(settings), [wanted]) == [wanted.name]
    assert migrate(MigratedClickHouse(settings), [wanted]) == []
    store = ClickHouse(lambda: settings)
    assert store.query("SELECT n FROM first") == [(1,)]
    with pytest.raises(InvariantBroken):
        migrate(MigratedClickHouse(settings), [replace(wanted, sql="SELECT 1;")])
    store.command(f"DROP DATABASE {settings.database}")


def test_every_room_s_clickhouse_migrations_can_be_repeated_after_a_crash(
    usage_store_settings: ClickHouseSettings,
) -> None:
    settings = replace(usage_store_settings, database=f"test_{new_id().lower()}")
    store = MigratedClickHouse(settings)
    for _ in range(2):
        for migration in migrations("clickhouse"):
            for statement in migration.statements():
                ClickHouse(lambda: settings).command(statement)
    assert store.applied() == {}
    ClickHouse(lambda: settings).command(f"DROP DATABASE {settings.database}")
