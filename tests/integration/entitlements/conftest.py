import pytest

from meterhouse.platform.postgres import Database
from tests.integration.entitlements.house import House


@pytest.fixture
def house(database: Database, namespace: str) -> House:
    return House(database, namespace)
