"""Furnished namespaces behind the gateway's rules, on the ring's own servers."""

from collections.abc import Callable, Iterator, Mapping

import pytest

from localstack.fixtures import KafkaServer
from localstack.stripe.server import running_stripe
from localstack.stripe.service import Stripe
from meterhouse.platform.clickhouse import ClickHouseSettings
from meterhouse.platform.postgres import PostgresSettings
from tests.integration.metering.log_house import log_settings
from tests.integration.outside.operations import Furnished
from tests.integration.tenancy.house import House
from tests.integration.tenancy.surroundings import surroundings


@pytest.fixture(scope="module")
def new_furnished(
    aws_account: Mapping[str, str],
    database_settings: PostgresSettings,
    usage_store_settings: ClickHouseSettings,
    kafka_server: KafkaServer,
    new_namespace: Callable[[], str],
) -> Iterator[Callable[[], Furnished]]:
    kafka = log_settings(kafka_server.bootstrap_servers)
    with (
        running_stripe(Stripe()) as stripe,
        surroundings(aws_account, database_settings, usage_store_settings, kafka, stripe),
    ):
        yield lambda: Furnished.of(House(new_namespace()))
