"""Files of the platform that are too small for a test file of their own."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from meterhouse.kernel.errors import InvalidInput, InvariantBroken
from meterhouse.kernel.ids import is_ulid, ulid_time
from meterhouse.platform import api_keys, clock, sql
from meterhouse.platform.columns import columns, instants
from meterhouse.platform.ids import new_id
from meterhouse.platform.kafka import KafkaSettings
from meterhouse.platform.logging import count
from meterhouse.platform.migrations import Migration, migrate, migrations
from meterhouse.platform.relay import entry
from meterhouse.platform.shared_parts import SharedParts
from meterhouse.platform.task import instant, task, text
from tests.unit.platform.requests import CONTEXT


def test_columns_are_read_off_by_their_paths() -> None:
    whole, at = 2 + 1j, datetime(2024, 2, 29, 1, 2, 3, 4, tzinfo=UTC)
    assert columns({"a": "real", "b": "imag"})(whole) == {"a": 2, "b": 1}
    read = instants({"start": "at", "end": "until.at"})(SimpleNamespace(at=at, until=SimpleNamespace(at=None)))
    assert read == {"start": "2024-02-29 01:02:03.000004+00:00", "end": None}


def test_one_part_is_made_of_equal_documents_and_another_by_another_maker() -> None:
    parts = SharedParts()
    first, same, other = (parts.of({"a": {"b": value}}, dict) for value in ("1", "1", "2"))
    assert first is same
    assert (first, other) == ({"a": {"b": "1"}}, {"a": {"b": "2"}})
    assert parts.of({"a": {"b": "1"}}, tuple) == ("a",)


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer abc", "abc"),
        ("bearer  abc ", "abc"),
        ("Bearer", None),
        ("Bearer ", None),
        ("Basic abc", None),
        ("", None),
    ],
)
def test_the_token_of_an_authorization_header(header: str, token: str | None) -> None:
    assert api_keys.bearer_token(header) == token


def test_new_keys_differ_and_can_be_recognised() -> None:
    keys = {api_keys.new_key() for _ in range(100)}
    assert len(keys) == 100
    assert all(key.startswith("mh_") and len(key) > 40 for key in keys)


def test_a_key_s_hash_depends_on_key_and_pepper() -> None:
    hashes = {api_keys.key_hash(key, pepper) for key in ("a", "b") for pepper in ("x", "y")}
    assert len(hashes) == 4


def test_new_ids_are_ulids_of_this_instant() -> None:
    before = clock.now().replace(microsecond=0)
    drawn = new_id()
    assert is_ulid(drawn)
    assert before <= ulid_time(drawn) <= clock.now()


def test_queries_are_read_by_name_with_their_descriptions() -> None:
    found = sql.queries("meterhouse.platform", "relay.sql")
    assert set(found) == {"waiting_events", "mark_published", "mark_refused", "forget_published"}
    assert found["waiting_events"].startswith("-- What was refused waits behind all others")


def test_statements_of_a_migration_come_one_at_a_time_without_comments() -> None:
    migration = Migration("0001_a.sql", "-- why; because\nCREATE a (\n  b\n);\n\nINSERT ';' x;\n-- end\nDROP c")
    assert migration.statements() == ["CREATE a (\n  b\n)", "INSERT ';' x", "DROP c"]


@pytest.mark.parametrize("store", ["postgres", "clickhouse"])
def test_migrations_of_all_rooms_have_numbers_of_their_own(store: str) -> None:
    names = [migration.name for migration in migrations(store)]
    assert names == sorted(names)
    assert all(name[:4].isdigit() and name[4] == "_" for name in names)


class FakeStore:
    def __init__(self) -> None:
        self.done: dict[str, str] = {}

    def applied(self) -> dict[str, str]:
        return self.done

    def apply(self, migration: Migration) -> None:
        self.done[migration.name] = migration.checksum


def test_migrating_applies_what_is_missing_and_refuses_what_was_changed() -> None:
    store, first, second = FakeStore(), Migration("0001_a.sql", "A"), Migration("0002_b.sql", "B")
    assert migrate(store, [first]) == ["0001_a.sql"]
    assert migrate(store, [first, second]) == ["0002_b.sql"]
    with pytest.raises(InvariantBroken):
        migrate(store, [Migration("0001_a.sql", "other")])


def test_a_task_answers_with_its_result() -> None:
    @task
    def double(event: dict[str, Any]) -> dict[str, Any]:
        return {"doubled": event["number"] * 2}

    assert double({"number": 2}, CONTEXT) == {"doubled": 4}


def test_the_input_of_a_task_is_read_strictly() -> None:
    assert instant({"asOf": "2013-02-01T00:00:00Z"}, "asOf") == datetime(2013, 2, 1, tzinfo=UTC)
    assert text({"name": "a"}, "name") == "a"
    for event in ({}, {"asOf": None}, {"asOf": 1}, {"asOf": "2013-02-01"}):
        with pytest.raises(InvalidInput):
            instant(event, "asOf")
    for event in ({}, {"name": ""}, {"name": 1}):
        with pytest.raises(InvalidInput):
            text(event, "name")


def test_an_event_on_the_bus_carries_its_own_id_in_the_detail() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    event = {"namespace": "n", "id": "e-1", "type": "meter.created", "subject": "meter/1", "occurred_at": at}
    sent = entry(event | {"data": {"meterId": "1"}}, "bus")
    assert (sent["EventBusName"], sent["Source"], sent["DetailType"]) == ("bus", "meterhouse", "meter.created")
    detail = json.loads(sent["Detail"])
    assert (detail["id"], detail["occurredAt"]) == ("e-1", "2026-01-01T00:00:00Z")
    assert sent["Time"] == at.timestamp()


def test_kafka_is_reached_with_credentials_where_there_are_some() -> None:
    plain = KafkaSettings("b:9092", "events", "dead", "group", "PLAINTEXT")
    assert "sasl.mechanism" not in plain.client_configuration()
    secured = KafkaSettings("b:9096", "events", "dead", "group", username="u", password="hidden")
    assert secured.client_configuration()["sasl.mechanism"] == "SCRAM-SHA-512"
    assert "hidden" not in repr(secured)


def test_a_metric_is_a_line_cloudwatch_reads(capsys: pytest.CaptureFixture[str]) -> None:
    count("OutboxEventsPublished", 3)
    line = json.loads(capsys.readouterr().out)
    assert line["OutboxEventsPublished"] == [3.0]
    assert line["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Meterhouse"


def test_what_every_function_imports_leaves_heavy_modules_out() -> None:
    code = "import sys, meterhouse.platform.credentials, meterhouse.platform.task; print(*sys.modules)"
    loaded = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout.split()
    assert {"botocore.session", "psycopg", "clickhouse_connect", "confluent_kafka", "pydantic"}.isdisjoint(loaded)
