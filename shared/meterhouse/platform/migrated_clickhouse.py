"""ClickHouse as a store that migrates. Its DDL has no transactions: every statement is written to be repeatable."""

from meterhouse.platform.clickhouse import ClickHouse, ClickHouseSettings, connect
from meterhouse.platform.migrations import Migration

_RECORD = """
CREATE TABLE IF NOT EXISTS migrations (name String, checksum String, applied_at DateTime DEFAULT now())
ENGINE = ReplacingMergeTree(applied_at) ORDER BY name
"""


class MigratedClickHouse:
    def __init__(self, settings: ClickHouseSettings) -> None:
        with connect(settings, database="default") as client:
            client.command(f"CREATE DATABASE IF NOT EXISTS `{settings.database}`")
        self._store = ClickHouse(lambda: settings)

    def applied(self) -> dict[str, str]:
        self._store.command(_RECORD)
        return dict(self._store.query("SELECT name, checksum FROM migrations FINAL"))

    def apply(self, migration: Migration) -> None:
        for statement in migration.statements():
            self._store.command(statement)
        self._store.insert("migrations", ["name", "checksum"], [[migration.name], [migration.checksum]])
