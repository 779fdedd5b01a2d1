"""A database that is not found: made for a new deployment, and for nobody else."""

from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest

from functions.migrate_databases.handler import handler as migrate_databases
from localstack.fixtures import PostgresServer, running_postgres
from meterhouse.kernel.errors import InvariantBroken, Unavailable
from meterhouse.platform.ids import new_id
from meterhouse.platform.migrated_postgres import MigratedPostgres
from meterhouse.platform.postgres import APPLICATION_ROLE, PostgresSettings
from meterhouse.platform.rotation import CredentialsRefused
from tests.integration.platform.aws_double import AwsDouble
from tests.unit.platform.requests import CONTEXT


@pytest.fixture(scope="module")
def cluster() -> Iterator[PostgresServer]:
    """A server of its own, whose rights these tests take away."""
    with running_postgres() as server:
        yield server


@pytest.fixture
def owner(cluster: PostgresServer) -> PostgresSettings:
    """The owner, in a database that nobody has made."""
    login, name = cluster.owner, f"test_{new_id().lower()}"
    return PostgresSettings(cluster.host, cluster.port, name, login.username, login.password, "disable")


@pytest.fixture
def onto_it(deployment: AwsDouble, owner: PostgresSettings, monkeypatch: pytest.MonkeyPatch) -> AwsDouble:
    """A deployment onto the owner's server and database."""
    monkeypatch.setenv("POSTGRES_PORT", str(owner.port))
    monkeypatch.setenv("POSTGRES_DATABASE", owner.database)
    return deployment


def as_cloudformation(deployment: AwsDouble, kind: str) -> str:
    """What it is told of: `SUCCESS`, or the reason of a failure."""
    event = {"RequestType": kind, "ResponseURL": f"{deployment.url}/answer", "StackId": "stack-1", "RequestId": "1"}
    migrate_databases(event | {"LogicalResourceId": "Migrations"}, CONTEXT)
    answer = deployment.answers[-1]
    return str(answer["Reason"] if answer["Status"] == "FAILED" else answer["Status"])


def opened(owner: PostgresSettings, *, makes_database: bool) -> MigratedPostgres:
    application = replace(owner, username=APPLICATION_ROLE, password="test-app")
    return MigratedPostgres(owner, application, makes_database=makes_database)


def is_there(cluster: PostgresServer, name: str) -> bool:
    with psycopg.connect(cluster.dsn(cluster.superuser, "postgres")) as connection:
        return connection.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone() is not None


def test_an_update_says_which_database_is_missing_and_makes_none(
    onto_it: AwsDouble, cluster: PostgresServer, owner: PostgresSettings
) -> None:
    reason = as_cloudformation(onto_it, "Update")

    assert f"there is no database {owner.database} at {owner.host}:{owner.port}" in reason
    assert "look at POSTGRES_DATABASE, at POSTGRES_HOST" in reason
    assert not is_there(cluster, owner.database)


@pytest.mark.usefixtures("onto_it")
def test_an_invocation_by_hand_makes_a_database_only_if_it_says_that_the_deployment_is_new(
    cluster: PostgresServer, owner: PostgresSettings
) -> None:
    with pytest.raises(InvariantBroken, match=f"there is no database {owner.database}"):
        migrate_databases({}, CONTEXT)
    assert not is_there(cluster, owner.database)

    migrate_databases({"RequestType": "Create"}, CONTEXT)
    assert is_there(cluster, owner.database)


def test_a_creation_that_failed_after_it_made_the_database_is_made_good_by_the_next(
    onto_it: AwsDouble, cluster: PostgresServer, owner: PostgresSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setenv("CLICKHOUSE_URL", "http://127.0.0.1:1")
        assert as_cloudformation(onto_it, "Create") != "SUCCESS"
    assert is_there(cluster, owner.database)
    assert as_cloudformation(onto_it, "Delete") == "SUCCESS"

    assert as_cloudformation(onto_it, "Create") == "SUCCESS"
    assert as_cloudformation(onto_it, "Update") == "SUCCESS"


def test_a_wrong_password_or_no_server_is_no_reason_to_make_a_database(
    cluster: PostgresServer, owner: PostgresSettings
) -> None:
    with pytest.raises(CredentialsRefused):
        opened(replace(owner, password="another"), makes_database=True)
    with pytest.raises(Unavailable, match=rf"the database {owner.database} at {owner.host}:1 cannot be reached \(.+\)"):
        opened(replace(owner, port=1), makes_database=True)

    assert not is_there(cluster, owner.database)


def test_an_owner_who_may_not_make_databases_reads_that(cluster: PostgresServer, owner: PostgresSettings) -> None:
    with psycopg.connect(cluster.dsn(cluster.superuser, "postgres"), autocommit=True) as connection:
        connection.execute("CREATE ROLE modest LOGIN PASSWORD 'modest'")

    with pytest.raises(
        Unavailable, match=f"no database {owner.database} .* modest could not make it from postgres: perm"
    ):
        opened(replace(owner, username="modest", password="modest"), makes_database=True)


@pytest.mark.parametrize("makes_database", [True, False])
def test_an_owner_who_may_not_look_for_the_database_reads_that(
    cluster: PostgresServer, owner: PostgresSettings, makes_database: bool
) -> None:
    told = f"{owner.database} .* could not be looked up in the database postgres: .*permission denied"
    with psycopg.connect(cluster.dsn(cluster.superuser, "template1"), autocommit=True) as connection:
        connection.execute("REVOKE CONNECT ON DATABASE postgres FROM public")
        try:
            with pytest.raises(Unavailable, match=told):
                opened(owner, makes_database=makes_database)
        finally:
            connection.execute("GRANT CONNECT ON DATABASE postgres TO public")


def test_a_database_that_is_there_and_lets_nobody_in_is_named_with_the_reason(
    cluster: PostgresServer, owner: PostgresSettings
) -> None:
    with psycopg.connect(cluster.dsn(cluster.superuser, "postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {owner.database} ALLOW_CONNECTIONS false")

    with pytest.raises(Unavailable, match=rf"{owner.database} at .* is there and cannot be reached: .*not .*accepting"):
        opened(owner, makes_database=True)
