"""`meterhouse export`, killed or not: all of a tenant, nothing of another, nothing that opens anything."""

import gzip
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from functions.archive_events.handler import handler as archive_events
from functions.export_namespace import handler as exporter
from localstack.aws import aws_client
from meterhouse.cli import operator
from meterhouse.kernel.errors import MeterhouseError, Unavailable
from meterhouse.platform import clock
from meterhouse.platform.clickhouse import ClickHouse, ClickHouseSettings
from meterhouse.platform.ids import new_id
from meterhouse.platform.migrated_clickhouse import MigratedClickHouse
from meterhouse.platform.migrations import migrate, migrations
from meterhouse.platform.postgres import Database
from meterhouse.platform.s3 import S3Bucket
from tests.integration.cli import endpoint
from tests.integration.cli.conftest import Terminal
from tests.integration.metering.house import House as UsageHouse
from tests.integration.metering.house import call
from tests.integration.tenancy.belongings import V1, furnish
from tests.integration.tenancy.house import House
from tests.integration.tenancy.test_other_tenants import _TABLES
from tests.unit.platform.requests import CONTEXT

TABLES_LEFT_OUT: set[str] = set()
COLUMNS_LEFT_OUT = {
    "api_keys.key_hash",
    "api_key_secrets.key_hash",
    "portal_tokens.token_hash",
    "idempotency_keys.fingerprint",
    "subject_erasures.digest",
    "erased_names.digest",
    "balance_evaluations.digest",
    "audit_log.before_digest",
    "audit_log.after_digest",
}
"""Hashes: of what opens something, of names that were erased, of what may hold either."""
OF_THE_USAGE_STORE = {
    "archivable_events": "the archive's events/, which the export names",
    "events": "the same",
    "event_writings": "the same",
    "meter_values": "made of events",
    "dirty_hours": "made of events",
    "usage_rollups": "made of events",
    "accepted_records": "what the witness saw, of all namespaces in the same files",
    "dead_records": "the same",
    "archived_hours": "which files of the archive this store holds",
    "renamed_pages": "of an erasure under way",
}
_COLUMNS = """
SELECT table_name || '.' || column_name AS name FROM information_schema.columns
WHERE table_schema = 'public' AND table_name = ANY(%(tables)s)
"""
_OF_THE_USAGE_STORE = """
SELECT c.table FROM system.columns AS c JOIN system.tables AS t ON t.database = c.database AND t.name = c.table
WHERE c.database = currentDatabase() AND c.name = 'namespace' AND t.engine != 'MaterializedView'
"""


@pytest.fixture(scope="module")
def usage_store_settings(usage_store_settings: ClickHouseSettings) -> ClickHouseSettings:
    """A store of its own: the archive takes in all that a store has."""
    settings = replace(usage_store_settings, database=f"exported_{new_id().lower()}")
    migrate(MigratedClickHouse(settings), migrations("clickhouse"))
    return settings


@dataclass
class Cloud(endpoint.House):
    """AWS to the terminal: runs the functions; `turns` befall the export's, one a call."""

    turns: list[Callable[[], None]] = field(default_factory=list)

    def answer(self, asked: endpoint.Asked) -> endpoint.Answer:
        if asked.path.endswith("meterhouse-archive_events/invocations"):
            return 200, {}, json.dumps(archive_events(asked.json, CONTEXT))
        if self.turns:
            self.turns.pop(0)()
        try:
            return 200, {}, json.dumps(exporter.handler(asked.json, CONTEXT))
        except MeterhouseError as error:
            return 200, {"x-amz-function-error": "Unhandled"}, json.dumps({"errorType": type(error).__name__})


class Dying:
    """A bucket's writing, killed once, before or after the key that ends so."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._put = S3Bucket.put_new
        self._when: tuple[str, bool] | None = None
        patch.setattr(S3Bucket, "put_new", lambda *asked: self(*asked))  # noqa: PLW0108 - bound to the bucket

    def at(self, ending: str, *, written: bool, first: Callable[[], None] = lambda: None) -> Callable[[], None]:
        """A turn that is killed there, after something happened."""

        def turn() -> None:
            first()
            self._when = ending, written

        return turn

    def __call__(self, bucket: S3Bucket, key: str, body: bytes, content_type: str) -> bool:
        if self._when is None or not key.endswith(self._when[0]):
            return self._put(bucket, key, body, content_type)
        if self._when[1]:
            self._put(bucket, key, body, content_type)
        self._when = None
        raise Unavailable("killed")


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch, environment: None, aws_account: Mapping[str, str]) -> Iterator[Cloud]:
    assert environment is None
    bucket = f"archive-{new_id().lower()}"
    aws_client("s3", aws_account).create_bucket(Bucket=bucket)
    monkeypatch.setenv("ARCHIVE_BUCKET", bucket)
    monkeypatch.setattr(operator, "_WAIT_SECONDS", 0)
    monkeypatch.setattr(exporter.export, "_part_bytes", 4_000)
    # the functions run in this process, and ask the emulator
    monkeypatch.setattr(operator, "ENDPOINT", "AWS_OF_THE_TERMINAL")
    with endpoint.serving(Cloud()) as served:
        assert isinstance(served, Cloud)
        monkeypatch.setenv("AWS_OF_THE_TERMINAL", served.url)
        yield served


@pytest.fixture
def terminal(cloud: Cloud, tmp_path: Path) -> Terminal:
    return Terminal(cloud, tmp_path)


@dataclass(frozen=True)
class Received:
    """What a receiver has by key, and what the bucket holds."""

    objects: Mapping[str, bytes]
    keys: frozenset[str]

    def whole(self, parts: list[dict[str, Any]]) -> list[bytes]:
        """The parts' bodies, each as its page says it is."""
        bodies = [self.objects[part["key"]] for part in parts]
        assert [(len(body), sha256(body).hexdigest()) for body in bodies] == [
            (part["bytes"], part["sha256"]) for part in parts
        ]
        return bodies

    def rows(self, folder: str) -> dict[str, list[Any]]:
        found = {}
        for table in json.loads(self.objects[f"{folder}manifest.json"])["tables"]:
            split = [gzip.decompress(body).splitlines() for body in self.whole(table["parts"])]
            assert [len(lines) for lines in split] == [part["rows"] for part in table["parts"]]
            found[table["table"]] = [json.loads(line, parse_float=str) for lines in split for line in lines]
            assert table["rows"] == len(found[table["table"]])
        return found

    def text(self, folder: str) -> str:
        mine = {key: body for key, body in self.objects.items() if key.startswith(folder)}
        return b"".join(gzip.decompress(body) if key.endswith(".gz") else body for key, body in mine.items()).decode()

    def named(self, folder: str) -> set[str]:
        tables = json.loads(self.objects[f"{folder}manifest.json"])["tables"]
        pages = {f"{folder}{table['table']}.json" for table in tables}
        return {f"{folder}manifest.json"} | pages | {part["key"] for table in tables for part in table["parts"]}

    def events(self, folder: str, store: ClickHouse) -> list[tuple[Any, ...]]:
        """As the usage store reads the files that the manifests below this folder name."""
        store.command("CREATE TABLE taken ENGINE Memory AS SELECT * FROM archivable_events LIMIT 0")
        for manifest in (json.loads(body) for key, body in self.objects.items() if key.startswith(folder)):
            for body in self.whole(manifest["pages"]):
                store.insert_parquet("taken", ("namespace", "id", "subject", "data"), body)
        rows = store.query("SELECT namespace, id, subject, data FROM taken ORDER BY id, data")
        store.command("DROP TABLE taken")
        return rows


def fetched(folder: str) -> Received:
    """All but the tables' own pages, which the manifest holds."""
    bucket = S3Bucket("ARCHIVE_BUCKET")
    keys = frozenset(bucket.keys(""))
    needed = [key for key in keys if not key.startswith(folder) or key.endswith((".gz", "/manifest.json"))]
    return Received({key: bucket.get(key) or b"" for key in needed}, keys)


def written() -> dict[str, Any]:
    return dict(S3Bucket("ARCHIVE_BUCKET").written(""))


def comes(house: House, customer: str) -> None:
    house.made(f"POST {V1}/customers", body={"key": customer, "name": customer})


def uses(house: House, store: ClickHouse, subject: str) -> None:
    """Four events, stored in two hours."""
    now = clock.now() - timedelta(minutes=1)
    usage = UsageHouse(house.namespace, store, clock=now - timedelta(hours=1))
    usage.sink(*(call(str(number), number, subject=subject) for number in range(3)))
    usage.clock = now
    usage.sink(call("3", 3, subject=subject))


def furnished(house: House, unguarded: Database) -> list[str]:
    """One of everything; what of it opens something."""
    furnish(house)
    key = house.made(f"POST {V1}/api-keys", body={"name": "shown", "role": "read-only"})
    token = house.made(f"POST {V1}/portal/tokens", body={"subject": "acme-app"})
    with unguarded.transaction(house.namespace) as transaction:
        written = (
            """UPDATE notification_events SET payload = E'{"as": 1.10,\n "sent": 2}' WHERE namespace = %(namespace)s"""
        )
        assert transaction.execute(written) == 1
        transaction.commit()
    return [key["key"], token["token"]]


def held(unguarded: Database, namespace: str) -> tuple[dict[str, list[Any]], list[str]]:
    """The rows of every table with a column `namespace`, but what is left out; and that."""
    rows: dict[str, list[Any]] = {}
    left_out = []
    with unguarded.transaction(namespace) as transaction:
        for table in {row["name"] for row in transaction.fetch_all(_TABLES)} - TABLES_LEFT_OUT:
            sql = f"SELECT row_to_json(t)::text AS line FROM {table} t WHERE namespace = %(namespace)s"
            rows[table] = [json.loads(row["line"], parse_float=str) for row in transaction.fetch_all(sql)]
            secret = [name.split(".")[1] for name in COLUMNS_LEFT_OUT if name.split(".")[0] == table]
            left_out += [row.pop(name) for row in rows[table] for name in secret]
    return rows, [text for text in left_out if text]


def exported(terminal: Terminal, house: House) -> Any:
    """What the terminal answers; what functions tell CloudWatch stands before it, as they run in this process."""
    typed = terminal.types("export", house.namespace, "--name", "leaving", "--json")
    return json.loads(typed.stdout.splitlines()[-1])


def in_order(rows: Mapping[str, list[Any]]) -> dict[str, list[str]]:
    return {table: sorted(json.dumps(row, sort_keys=True) for row in of_it) for table, of_it in rows.items()}


def test_an_export_killed_within_a_table_and_between_tables_holds_all_of_its_tenant_and_no_more(
    cloud: Cloud,
    terminal: Terminal,
    new_house: Callable[[], House],
    usage_store_settings: ClickHouseSettings,
    unguarded: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mine, other, store = new_house(), new_house(), ClickHouse(lambda: usage_store_settings)
    secrets = furnished(mine, unguarded)
    comes(other, "stranger")
    uses(mine, store, "acme-app")
    uses(other, store, "stranger")
    dying, whole = Dying(monkeypatch), exporter.BUDGET
    cloud.turns = [
        lambda: monkeypatch.setattr(exporter, "BUDGET", timedelta()),
        dying.at("/api_keys.json", written=True, first=lambda: monkeypatch.setattr(exporter, "BUDGET", whole)),
        dying.at("/audit_log/000001.jsonl.gz", written=True),
        dying.at("/audit_log.json", written=False, first=lambda: comes(mine, "late")),
        lambda: comes(mine, "later"),
    ]
    answer = exported(terminal, mine)
    assert cloud.turns == []
    received, at = fetched(answer["folder"]), written()
    rows, left_out = held(unguarded, mine.namespace)
    assert in_order(received.rows(answer["folder"])) == in_order(rows)
    assert (answer["complete"], answer["tables"], answer["rows"]) == (True, len(rows), sum(map(len, rows.values())))
    assert {key for key in received.keys if key.startswith("exports/")} == received.named(answer["folder"])
    values = [(mine.namespace, str(number), "acme-app", f'{{"value":{number}}}') for number in range(4)]
    assert received.events(answer["events"]["folder"], store) == values
    assert (answer["events"]["rows"], answer["events"]["hours"]) == (4, 2)
    everything = received.text(answer["folder"])
    assert other.namespace not in everything
    assert len(left_out) > len(COLUMNS_LEFT_OUT)
    assert [text for text in (*secrets, *left_out) if text in everything] == []
    comes(mine, "last")
    assert exported(terminal, mine) == answer
    assert written() == at


def test_what_is_left_out_is_named(
    usage_store_settings: ClickHouseSettings, unguarded: Database, environment: None
) -> None:
    assert environment is None
    with unguarded.transaction("") as transaction:
        tables = [row["name"] for row in transaction.fetch_all(_TABLES)]
        columns = {row["name"] for row in transaction.fetch_all(_COLUMNS, {"tables": tables})}
    assert columns >= COLUMNS_LEFT_OUT
    found = ClickHouse(lambda: usage_store_settings).query(_OF_THE_USAGE_STORE)
    assert {table for (table,) in found} == OF_THE_USAGE_STORE.keys()
