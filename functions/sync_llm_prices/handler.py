"""The catalogue of language models' prices follows the price list, every day."""

from typing import Any

from meterhouse.llmcost.genai import listed_prices
from meterhouse.llmcost.postgres import PostgresLlmCost
from meterhouse.llmcost.sync_prices import SyncPrices
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from meterhouse.platform.task import task

sync_prices = SyncPrices(begins(Database(PostgresSettings.from_environment), PostgresLlmCost), listed_prices)


@task
def handler(_event: dict[str, Any]) -> dict[str, Any]:
    """{"written", "removed"}: how many prices."""
    synced = sync_prices()
    return {"written": synced.written, "removed": synced.removed}
