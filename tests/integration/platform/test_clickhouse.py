from dataclasses import replace
from decimal import Decimal

import pytest

from meterhouse.kernel.errors import Unavailable
from meterhouse.platform.clickhouse import ClickHouse, ClickHouseSettings
from meterhouse.platform.ids import new_id


@pytest.fixture
def table(usage_store: ClickHouse) -> str:
    name = f"test_{new_id().lower()}"
    usage_store.command(f"CREATE TABLE {name} (id String, value Decimal(38, 18)) ENGINE = MergeTree ORDER BY id")
    return name


def test_columns_are_inserted_and_rows_read_exactly(usage_store: ClickHouse, table: str) -> None:
    values = [Decimal("0.100000000000000001"), Decimal(10) ** 19]
    usage_store.insert(table, ["id", "value"], [["a", "b"], values])
    rows = usage_store.query(f"SELECT value FROM {table} WHERE id = {{id:String}}", {"id": "a"})
    assert rows == [(values[0],)]
    assert usage_store.query(f"SELECT sum(value) FROM {table}") == [
        (Decimal("10000000000000000000.100000000000000001"),)
    ]


def test_inserting_no_rows_asks_nobody() -> None:
    def unreachable() -> ClickHouseSettings:
        raise AssertionError("it connected")

    ClickHouse(unreachable).insert("any", ["id"], [[]])


def test_a_parameter_is_data_and_never_sql(usage_store: ClickHouse) -> None:
    text = "'; DROP TABLE events; --\\"
    assert usage_store.query("SELECT {text:String}", {"text": text}) == [(text,)]


def test_every_statement_sees_what_was_acknowledged_on_any_replica(usage_store: ClickHouse) -> None:
    asked = "SELECT getSetting('select_sequential_consistency')::UInt8"
    assert usage_store.query(asked) == usage_store.query(asked, None, {"max_query_size": 1024}) == [(1,)]
    table = f"test_{new_id().lower()}"
    usage_store.command(f"CREATE TABLE {table} (sent UInt8) ENGINE = MergeTree ORDER BY sent")
    usage_store.command(f"INSERT INTO {table} {asked}")
    assert usage_store.query(f"SELECT sent FROM {table}") == [(1,)]


def test_an_error_of_the_server_is_unavailable_and_the_client_works_on(usage_store: ClickHouse) -> None:
    with pytest.raises(Unavailable):
        usage_store.query("SELECT * FROM no_such_table")
    assert usage_store.query("SELECT 1") == [(1,)]


def test_a_server_that_is_not_there_is_unavailable(usage_store_settings: ClickHouseSettings) -> None:
    gone = replace(usage_store_settings, url="http://127.0.0.1:1")
    with pytest.raises(Unavailable):
        ClickHouse(lambda: gone).query("SELECT 1")


def test_after_an_error_the_next_query_connects_with_the_settings_of_now(
    usage_store_settings: ClickHouseSettings,
) -> None:
    settings = [usage_store_settings]
    store = ClickHouse(lambda: settings[-1])
    assert store.query("SELECT 1") == [(1,)]
    settings.append(replace(usage_store_settings, password="changed"))
    with pytest.raises(Unavailable):
        store.query("SELECT * FROM no_such_table")
    with pytest.raises(Unavailable, match="refuses the password"):
        store.query("SELECT 1")
    settings.append(usage_store_settings)
    assert store.query("SELECT 1") == [(1,)]


def test_a_wrong_password_is_unavailable_and_not_shown(usage_store_settings: ClickHouseSettings) -> None:
    wrong = replace(usage_store_settings, password="wrong-secret")
    assert "wrong-secret" not in repr(wrong)
    with pytest.raises(Unavailable):
        ClickHouse(lambda: wrong).query("SELECT 1")
