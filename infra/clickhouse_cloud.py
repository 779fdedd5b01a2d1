"""ClickHouse Cloud, reached over PrivateLink."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_secretsmanager as secrets
from constructs import Construct

from infra.data_plane import ClickHouse, Credentials

if TYPE_CHECKING:
    from infra.network import StoreNetwork
    from infra.settings import ClickHouseCloud

PORT = 8443
DATABASE = "meterhouse"


class ClickHouseLink(Construct):
    """An interface endpoint to the service; its private host name resolves inside the VPC alone."""

    def __init__(self, scope: Construct, network: StoreNetwork, cloud: ClickHouseCloud) -> None:
        super().__init__(scope, "ClickHouse")
        group = network.security_group("ClickHouse", "PrivateLink to ClickHouse Cloud")
        network.let_functions_reach(group, PORT)
        network.vpc.add_interface_endpoint(
            "ClickHouse",
            service=ec2.InterfaceVpcEndpointService(cloud.private_link_service, PORT),
            subnets=network.stores,
            security_groups=[group],
            private_dns_enabled=True,
            open=False,
        )
        self.clickhouse = ClickHouse(
            url=f"https://{cloud.host}:{PORT}",
            database=DATABASE,
            credentials=Credentials(secrets.Secret.from_secret_name_v2(self, "User", cloud.secret)),
        )
