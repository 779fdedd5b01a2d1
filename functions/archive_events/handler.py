"""Archives what was stored in closed hours to S3, every ten minutes, and tells how late it is."""

from datetime import timedelta
from typing import Any

from meterhouse.metering.archive_hours import ArchiveHours
from meterhouse.metering.clickhouse_archive import ClickHouseArchive
from meterhouse.metering.cloudwatch_archive import tell
from meterhouse.metering.s3_archive import S3Archive
from meterhouse.platform import clock
from meterhouse.platform.clickhouse import ClickHouse, ClickHouseSettings
from meterhouse.platform.task import task

BUDGET = timedelta(minutes=8)
"""The largest hour must fit into the timeout beside it."""

store = ClickHouse(ClickHouseSettings.from_environment)
archive = ArchiveHours(ClickHouseArchive(store), S3Archive(), now=clock.now)


@task
def handler(event: dict[str, Any]) -> dict[str, Any]:
    """{} or {"openHours": true}, for all there is now -> {"HoursArchived", "HoursUnarchived", "ArchiveLagSeconds"}."""
    return {**tell(archive(clock.now() + BUDGET, open_hours=event.get("openHours") is True))}
