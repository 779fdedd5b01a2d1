import pytest

from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.ids import new_id
from tests.integration.metering.house import House


@pytest.fixture
def house(usage_store: ClickHouse) -> House:
    return House(f"m-{new_id().lower()}", usage_store)
