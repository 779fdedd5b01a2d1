import pytest

from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.postgres import Database
from tests.integration.entitlements.house import House
from tests.integration.entitlements.usage_house import UsageHouse


@pytest.fixture
def house(database: Database, namespace: str) -> House:
    return House(database, namespace)


@pytest.fixture
def used(database: Database, usage_store: ClickHouse, namespace: str) -> UsageHouse:
    return UsageHouse(database, namespace, usage_store)
