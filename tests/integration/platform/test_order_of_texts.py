"""Texts are ordered by code points, as Python orders them, whatever order the server was made with."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.migrate_databases.handler import handler as migrate_databases
from localstack.fixtures import PostgresServer, running_postgres
from meterhouse.kernel.errors import InvariantBroken
from meterhouse.platform.ids import new_id
from meterhouse.platform.migrated_postgres import MigratedPostgres
from meterhouse.platform.migrations import migrate, migrations
from meterhouse.platform.namespaces import all_namespaces
from meterhouse.platform.postgres import APPLICATION_ROLE, Database, PostgresSettings
from tests.integration.platform.aws_double import AwsDouble
from tests.unit.platform.requests import CONTEXT

ANOTHER = "C.UTF-8"
"""The one locale beside C that every Debian has. It is none of C to PostgreSQL, as Aurora's en_US.UTF-8 is none."""
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)


@pytest.fixture(scope="module")
def foreign() -> Iterator[PostgresServer]:
    """A server that makes databases in another order, with no database of ours, as RDS leaves it to migrations."""
    with running_postgres(locale=ANOTHER) as server:
        yield server


@pytest.fixture
def owner(foreign: PostgresServer) -> PostgresSettings:
    """The owner, in a database that nobody has made."""
    login, name = foreign.owner, f"test_{new_id().lower()}"
    return PostgresSettings(foreign.host, foreign.port, name, login.username, login.password, "disable")


def application_of(owner: PostgresSettings) -> PostgresSettings:
    return replace(owner, username=APPLICATION_ROLE, password="test-app")


def migrated(owner: PostgresSettings) -> list[str]:
    store = MigratedPostgres(owner, application_of(owner), makes_database=True)
    with store.alone():
        store.create_application_role()
        return migrate(store, migrations("postgres"))


def deploy(deployment: AwsDouble, owner: PostgresSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """As CloudFormation does it, onto the owner's server and database."""
    monkeypatch.setenv("POSTGRES_PORT", str(owner.port))
    monkeypatch.setenv("POSTGRES_DATABASE", owner.database)
    answer = f"{deployment.url}/answer"
    event = {"RequestType": "Create", "ResponseURL": answer, "StackId": "stack-1", "RequestId": "request-1"}
    migrate_databases(event | {"LogicalResourceId": "Migrations"}, CONTEXT)


def locale_of(owner: PostgresSettings) -> tuple[str, ...] | None:
    place = f"host={owner.host} port={owner.port} dbname={owner.database} sslmode=disable"
    with psycopg.connect(f"{place} user={owner.username} password={owner.password}") as connection:
        return connection.execute(
            "SELECT datcollate, datctype, pg_encoding_to_char(encoding), pg_get_userbyid(datdba)"
            " FROM pg_database WHERE datname = current_database()"
        ).fetchone()


def test_migrations_make_the_database_in_the_order_of_code_points_on_a_server_of_another(
    foreign: PostgresServer, owner: PostgresSettings
) -> None:
    assert locale_of(replace(owner, database="postgres")) == (ANOTHER, ANOTHER, "UTF8", foreign.superuser.username)

    assert migrated(owner) == [migration.name for migration in migrations("postgres")]

    assert locale_of(owner) == ("C", "C", "UTF8", owner.username)
    assert migrated(owner) == []
    with closing(Database(lambda: application_of(owner))) as database:
        [row] = database.read("default", "SELECT 'a' > 'B' AS is_after")
    assert row["is_after"]


def test_a_first_deployment_onto_a_server_of_another_order_just_works(
    deployment: AwsDouble, owner: PostgresSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(deployment, owner, monkeypatch)

    assert [answer["Status"] for answer in deployment.answers] == ["SUCCESS"]
    assert locale_of(owner) == ("C", "C", "UTF8", owner.username)
    with closing(Database(lambda: application_of(owner))) as database:
        assert all_namespaces(database) == ["default"], "the first key opened it"


def test_a_deployment_onto_a_database_of_another_order_tells_cloudformation_why_not(
    deployment: AwsDouble, owner: PostgresSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(deployment, replace(owner, database="template1"), monkeypatch)

    [answer] = deployment.answers
    assert answer["Status"] == "FAILED"
    assert "must have C (libc), C and UTF8" in answer["Reason"]


def test_deployments_at_once_make_the_database_once(owner: PostgresSettings) -> None:
    with ThreadPoolExecutor(3) as pool:
        applied = list(pool.map(lambda _: migrated(owner), range(3)))

    assert sorted(applied) == [[], [], [migration.name for migration in migrations("postgres")]]


def test_a_database_that_somebody_made_in_another_order_is_refused_and_left_as_it_is(
    foreign: PostgresServer, owner: PostgresSettings
) -> None:
    with psycopg.connect(foreign.dsn(database="postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {owner.database}")

    with pytest.raises(
        InvariantBroken, match=rf"{owner.database} has the collation C\.UTF-8 \(libc\),.*must have C \(libc\)"
    ):
        migrated(owner)

    with psycopg.connect(foreign.dsn(database=owner.database)) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)


def test_the_same_locale_of_another_provider_is_refused_by_the_provider_s_name(
    foreign: PostgresServer, owner: PostgresSettings
) -> None:
    with psycopg.connect(foreign.dsn(database="postgres"), autocommit=True) as connection:
        builtin = "TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C' LOCALE 'C'"
        connection.execute(f"CREATE DATABASE {owner.database} {builtin}")

    with pytest.raises(InvariantBroken, match=r"has the collation C \(builtin\),.*must have C \(libc\)"):
        migrated(owner)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(TEXTS, unique=True))
def test_the_database_orders_texts_as_python_does(database: Database, texts: list[str]) -> None:
    rows = database.read("default", "SELECT text FROM unnest(%(texts)s::text[]) text ORDER BY text", {"texts": texts})

    assert [row["text"] for row in rows] == sorted(texts)
