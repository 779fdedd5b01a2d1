from collections.abc import Callable

import pytest

from meterhouse.entitlements.entitlement import Entitlement
from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.postgres import Database
from tests.integration.entitlements.house import House
from tests.integration.entitlements.room import Room
from tests.integration.entitlements.till import Till
from tests.integration.entitlements.usage_house import UsageHouse


@pytest.fixture
def house(database: Database, namespace: str) -> House:
    return House(database, namespace)


@pytest.fixture
def used(database: Database, usage_store: ClickHouse, namespace: str) -> UsageHouse:
    return UsageHouse(database, namespace, usage_store)


@pytest.fixture
def new_till(database: Database, usage_store: ClickHouse, new_namespace: Callable[[], str]) -> Callable[..., Till]:
    return lambda **room: Till(Room(database, new_namespace(), **room), usage_store)


@pytest.fixture
def till(new_till: Callable[..., Till]) -> Till:
    return new_till()


@pytest.fixture
def mine(till: Till) -> Entitlement:
    """A hundred units, of which nothing is used."""
    return till.entitled()
