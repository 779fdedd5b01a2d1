"""The throw-away servers answer with the credentials they were announced with."""

import socket
from contextlib import ExitStack

import clickhouse_connect
import psycopg
import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from psycopg.rows import dict_row

from localstack.fixtures import ClickHouseServer, KafkaServer, PostgresServer, free_ports
from localstack.settings import HOST


def test_ports_that_are_drawn_together_can_be_listened_on_at_the_same_time() -> None:
    with ExitStack() as servers:
        for port in free_ports(100):
            servers.enter_context(socket.create_server((HOST, port.number)))


def test_postgres_owner_may_make_databases_and_roles_and_is_no_superuser(postgres_server: PostgresServer) -> None:
    with psycopg.connect(postgres_server.dsn(database="postgres"), row_factory=dict_row) as connection:
        row = connection.execute(
            "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb"
            " FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
    may = {"rolcreaterole": True, "rolcreatedb": True}
    assert row == {"rolname": "meterhouse_owner", "rolsuper": False, "rolbypassrls": False} | may


def test_postgres_refuses_a_wrong_password(postgres_server: PostgresServer) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgres_server.dsn() + " password=wrong")


def test_clickhouse_answers(clickhouse_server: ClickHouseServer) -> None:
    with clickhouse_connect.get_client(
        host=clickhouse_server.host,
        port=clickhouse_server.port,
        username=clickhouse_server.username,
        password=clickhouse_server.password,
    ) as client:
        assert client.query("SELECT currentDatabase()").result_rows == [("default",)]


def test_kafka_makes_topics(kafka_server: KafkaServer) -> None:
    admin = AdminClient({"bootstrap.servers": kafka_server.bootstrap_servers})
    admin.create_topics([NewTopic("made-by-the-fixture-test", 2)])["made-by-the-fixture-test"].result(60)
    assert len(admin.list_topics(timeout=60).topics["made-by-the-fixture-test"].partitions) == 2
