"""A password is changed while requests run: the secret is read anew where it is refused, and no request is lost."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from operator import eq
from threading import Event
from time import sleep

import pytest

from localstack.fixtures import PostgresServer
from meterhouse.platform import rotation
from meterhouse.platform.clickhouse import ClickHouse, ClickHouseSettings
from meterhouse.platform.ids import new_id
from meterhouse.platform.postgres import Database, PostgresSettings
from meterhouse.platform.rotation import CredentialsRefused
from tests.integration.platform.aws_double import AwsDouble


def test_requests_go_on_while_the_database_password_changes(
    unguarded: Database,
    postgres_server: PostgresServer,
    aws_double: AwsDouble,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    role = f"rotated_{new_id().lower()}"

    def secret(password: str) -> None:
        aws_double.secrets["app"] = {"username": role, "password": password}

    def sql(text: str) -> None:
        with unguarded.transaction("") as transaction:
            transaction.execute(text)
            transaction.commit()

    sql(f"CREATE ROLE {role} LOGIN PASSWORD 'first' IN ROLE meterhouse_app")
    secret("first")
    server = {"POSTGRES_HOST": postgres_server.host, "POSTGRES_PORT": str(postgres_server.port)}
    server |= {
        "POSTGRES_DATABASE": postgres_server.database,
        "POSTGRES_SSLMODE": "disable",
        "POSTGRES_SECRET_ARN": "app",
    }
    for variable, value in server.items():
        monkeypatch.setenv(variable, value)
    over, answered = Event(), [0, 0, 0]

    def requests(caller: int) -> None:
        while not over.is_set():
            database = Database(PostgresSettings.from_environment)  # a new process: it must sign in
            with database.transaction("") as transaction:
                transaction.execute("SELECT 1")
            database.close()
            answered[caller] += 1

    def until_each_was_answered() -> None:
        before = list(answered)
        while any(map(eq, before, answered)) and not any(one.done() for one in running):
            sleep(0.01)

    with ThreadPoolExecutor(3) as callers, monkeypatch.context() as patched:
        # a machine that stands still between the two is not what is tried here
        patched.setattr(rotation, "PAUSES", (*rotation.PAUSES, 60.0))
        running = [callers.submit(requests, caller) for caller in range(3)]
        try:
            for password in ("second", "third"):
                until_each_was_answered()
                sql(f"ALTER ROLE {role} PASSWORD '{password}'")
                sleep(0.05)  # what is between the two
                secret(password)
            until_each_was_answered()
        finally:
            over.set()
        for one in running:
            one.result()
    sql(f"ALTER ROLE {role} PASSWORD 'fourth'")
    with pytest.raises(CredentialsRefused), Database(PostgresSettings.from_environment).transaction(""):
        pass


def test_a_statement_that_the_usage_store_refuses_for_its_password_is_done_with_the_new_one(
    usage_store_settings: ClickHouseSettings,
) -> None:
    yesterday = replace(usage_store_settings, password="yesterday's")
    read = iter([yesterday, usage_store_settings])
    assert ClickHouse(lambda: next(read)).query("SELECT 1") == [(1,)]
