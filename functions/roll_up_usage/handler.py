"""Recomputes the hours whose usage changed, every minute."""

from typing import Any

from meterhouse.metering.clickhouse_rollup import ClickHouseRollups
from meterhouse.metering.roll_up import RollUpUsage
from meterhouse.platform.clickhouse import ClickHouse, ClickHouseSettings
from meterhouse.platform.task import task

roll_up = RollUpUsage(ClickHouseRollups(ClickHouse(ClickHouseSettings.from_environment)))


@task
def handler(_event: dict[str, Any]) -> dict[str, Any]:
    """{"hours": how many}."""
    return {"hours": roll_up()}
