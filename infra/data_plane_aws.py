"""The stores of the aws target, in a stack of their own: the application comes and goes, these stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Stack
from aws_cdk import aws_kms as kms

from infra.aurora import RelationalStore
from infra.clickhouse_cloud import ClickHouseLink
from infra.clickhouse_node import ClickHouseServer
from infra.data_plane import DataPlane
from infra.environment import environment_of, stack_name
from infra.msk import EventLog
from infra.network import StoreNetwork
from infra.settings import ClickHouseNode

if TYPE_CHECKING:
    from constructs import Construct

    from infra.settings import AwsStores


class DataPlaneStack(Stack):
    """VPC, MSK, Aurora and ClickHouse, yielding the DataPlane the application runs on."""

    def __init__(self, scope: Construct, stores: AwsStores) -> None:
        super().__init__(
            scope,
            stack_name(scope, "Data"),
            description="Meterhouse: network and stores",
            termination_protection=environment_of(scope).is_protected,
        )
        network = StoreNetwork(self, pollers_inside=stores.pollers_inside, endpoint_zones=stores.endpoint_zones)
        key = kms.Key(self, "StoresKey", description="Meterhouse: what lies in the stores", enable_key_rotation=True)
        self.event_log = EventLog(self, network, stores)
        self.relational_store = RelationalStore(self, network, stores, key)
        clickhouse = (
            ClickHouseServer(self, network, stores.clickhouse, key)
            if isinstance(stores.clickhouse, ClickHouseNode)
            else ClickHouseLink(self, network, stores.clickhouse)
        )
        self.plane = DataPlane(
            kafka=self.event_log.kafka,
            postgres=self.relational_store.postgres,
            clickhouse=clickhouse.clickhouse,
            network=network.of_functions(),
        )
