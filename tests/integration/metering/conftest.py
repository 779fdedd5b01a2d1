import pytest

from localstack.fixtures import KafkaServer
from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.ids import new_id
from meterhouse.platform.postgres import Database
from tests.integration.metering.house import House
from tests.integration.metering.log_house import LogHouse, log_settings


@pytest.fixture
def house(usage_store: ClickHouse) -> House:
    return House(f"m-{new_id().lower()}", usage_store)


@pytest.fixture
def logged(usage_store: ClickHouse, namespace: str, database: Database, kafka_server: KafkaServer) -> LogHouse:
    return LogHouse(House(namespace, usage_store), log_settings(kafka_server.bootstrap_servers), database)
