"""The whole house in this process: every function that answers requests, on the ring's own servers."""

from collections.abc import Callable, Iterator, Mapping

import pytest

from meterhouse.platform.clickhouse import ClickHouseSettings
from meterhouse.platform.postgres import PostgresSettings
from tests.integration.tenancy.house import House
from tests.integration.tenancy.surroundings import surroundings


@pytest.fixture(scope="module")
def environment(
    aws_account: Mapping[str, str],
    database_settings: PostgresSettings,
    usage_store_settings: ClickHouseSettings,
) -> Iterator[None]:
    with surroundings(aws_account, database_settings, usage_store_settings):
        yield


@pytest.fixture(scope="module")
def new_house(environment: None, new_namespace: Callable[[], str]) -> Callable[[], House]:
    assert environment is None
    return lambda: House(new_namespace())
