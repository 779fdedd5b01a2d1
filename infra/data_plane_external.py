"""Stores that exist already: the application reaches them by the endpoints and secrets the context names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Stack
from aws_cdk import aws_secretsmanager as secrets

from infra.data_plane import ClickHouse, Credentials, DataPlane, Kafka, Postgres

if TYPE_CHECKING:
    from constructs import Construct

    from infra.settings import ExternalStores

CLUSTER = "cluster/meterhouse-local/00000000-0000-0000-0000-000000000000-1"


def external_data_plane(scope: Construct, stores: ExternalStores) -> DataPlane:
    """The data plane of the local target; imported secrets are declared in `scope`."""
    stack = Stack.of(scope)

    def imported(construct_id: str, name: str) -> Credentials:
        return Credentials(secrets.Secret.from_secret_name_v2(scope, construct_id, name))

    return DataPlane(
        kafka=Kafka(
            bootstrap_servers=stores.kafka_bootstrap_servers,
            cluster_arn=f"arn:{stack.partition}:kafka:{stack.region}:{stack.account}:{CLUSTER}",
            credentials=None,
        ),
        postgres=Postgres(
            host=stores.postgres_host,
            port=stores.postgres_port,
            database=stores.postgres_database,
            sslmode=stores.postgres_sslmode,
            owner=imported("PostgresOwner", stores.postgres_owner_secret),
        ),
        clickhouse=ClickHouse(
            url=stores.clickhouse_url,
            database=stores.clickhouse_database,
            credentials=imported("ClickHouseUser", stores.clickhouse_secret),
        ),
        network=None,
    )
