"""A house whose usage store may be lost: archived to the emulator's S3, rebuilt from it and the log."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from operator import attrgetter
from typing import Any

from meterhouse.metering.archive_hours import ArchiveHours, Archiving
from meterhouse.metering.clickhouse_archive import ClickHouseArchive
from meterhouse.metering.clickhouse_rollup import ClickHouseRollups
from meterhouse.metering.clickhouse_sink import ClickHouseSink
from meterhouse.metering.kafka_topic import KafkaTopic
from meterhouse.metering.rebuild_usage import RebuildPorts, RebuildProgress, RebuildUsage, Share
from meterhouse.metering.roll_up import RollUpUsage
from meterhouse.metering.s3_archive import S3Archive
from meterhouse.metering.sink import EventWriter
from meterhouse.platform import clock
from meterhouse.platform.clickhouse import ClickHouse, ClickHouseSettings
from meterhouse.platform.ids import new_id
from meterhouse.platform.kafka import KafkaSettings
from meterhouse.platform.migrated_clickhouse import MigratedClickHouse
from meterhouse.platform.migrations import migrate, migrations
from tests.integration.metering.backfilled import BackfilledHouse
from tests.integration.metering.log_house import PATIENCE_SECONDS, LogHouse

PAGE = 3
"""Rows: an hour has several pages."""


@dataclass
class LostHouse:
    """What may be lost is `settings`' database; `logged` sinks into it."""

    settings: ClickHouseSettings
    logged: LogHouse
    archive: S3Archive

    @property
    def house(self) -> BackfilledHouse:
        house = self.logged.house
        assert isinstance(house, BackfilledHouse)
        return house

    @cached_property
    def store(self) -> ClickHouseArchive:
        return ClickHouseArchive(self.house.store, PAGE)

    def archived(self, at: datetime, archive: Any = None, store: Any = None) -> Archiving:
        own = ArchiveHours(store or self.store, archive or self.archive, now=lambda: at)
        return own(at + timedelta(hours=1))

    def roll_up(self) -> int:
        return RollUpUsage(ClickHouseRollups(self.house.store))()

    def lose(self) -> None:
        self.house.store.command(f"DROP DATABASE {self.settings.database}")
        migrate(MigratedClickHouse(self.settings), migrations("clickhouse"))

    def rebuilds(self, archive: Any = None, sink: Any = None, write: EventWriter | None = None) -> RebuildUsage:
        topics = [KafkaTopic(lambda: self.logged.settings, attrgetter(name), PATIENCE_SECONDS) for name in _TOPICS]
        write = write or EventWriter(self.house, sink or ClickHouseSink(self.house.store), self.house, new_id)
        witnesses = [topic.rewind for topic in topics]
        ports = RebuildPorts(archive or self.archive, self.store, topics[0], write, witnesses, self.roll_up)
        return RebuildUsage(ports, now=self.house.now)

    def rebuild(self, share: Share = Share(), **broken: Any) -> RebuildProgress:  # noqa: B008 - frozen
        return self.rebuilds(**broken)(share, self.house.clock + timedelta(days=1))

    def rows(self, *, with_instants: bool = False) -> dict[str, list[str]]:
        """All that counts, as FINAL shows it, but when it was rolled up; and when it was stored only if asked for."""
        instants = ", stored_at" if with_instants else ""
        return {
            table: sorted(map(repr, self.house.store.query(f"SELECT {columns}{more} FROM {table} FINAL {only}")))
            for table, columns, more, only in (
                ("events", "* EXCEPT stored_at, written, digest", instants, ""),
                ("event_writings", "*", "", ""),
                ("meter_values", "* EXCEPT stored_at, version", instants, ""),
                ("usage_rollups", _ROLLUP, "", "WHERE events > 0"),
                ("accepted_records", "*", "", ""),
            )
        }


_ROLLUP = "* EXCEPT (rolled_at, uniques), group_key, finalizeAggregation(uniques)"
_TOPICS = ("events_topic", "dead_letter_topic")


def lost_house(
    namespace: str, database: Any, usage_store_settings: ClickHouseSettings, kafka: KafkaSettings
) -> LostHouse:
    settings = replace(usage_store_settings, database=f"lost_{new_id().lower()}")
    migrate(MigratedClickHouse(settings), migrations("clickhouse"))
    store = ClickHouse(lambda: settings)
    now = clock.now()  # what the store takes for archivable goes by its own clock
    now = min(now, now.replace(minute=58))  # the house's clock ticks on from it, and stays in the hour
    house = BackfilledHouse(namespace, store, database=database, clock=now - timedelta(hours=2))
    logged = LogHouse(house, kafka, database, at=now)
    return LostHouse(settings, logged, S3Archive())
