"""The VPC of the stores and functions: no way to the internet but for those who have somebody to call there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Fn
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra import data_plane
from infra.keeping import logs_kept

if TYPE_CHECKING:
    from collections.abc import Sequence

ZONES = 3
STORES = "Stores"
OUTGOING = "Outgoing"


class StoreNetwork(Construct):
    """Isolated subnets in three zones, the endpoints the functions call, and their security group.

    Servers that fetch packages and functions that call others (Stripe) sit in subnets of their own behind one NAT
    gateway. `pollers_inside` adds the endpoints an on-demand event source mapping calls from our subnets; provisioned
    pollers call from Lambda's own.
    """

    def __init__(self, scope: Construct, *, pollers_inside: bool, endpoint_zones: int) -> None:
        super().__init__(scope, "Network")
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            availability_zones=[Fn.select(index, Fn.get_azs()) for index in range(ZONES)],
            nat_gateways=1,
            subnet_configuration=_subnets(),
            gateway_endpoints={
                "S3": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.S3),
                "DynamoDb": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.DYNAMODB),
            },
            flow_logs={
                "Rejected": ec2.FlowLogOptions(
                    destination=ec2.FlowLogDestination.to_cloud_watch_logs(
                        logs.LogGroup(self, "Flows", retention=logs_kept(self))
                    ),
                    traffic_type=ec2.FlowLogTrafficType.REJECT,
                )
            },
        )
        self.functions = self.security_group("Functions", "The functions")
        # Endpoints, and S3 through its gateway: there CloudFormation waits for the migration's answer.
        self.functions.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.HTTPS, "AWS services, and whom the functions call")
        self._endpoints = self.security_group("Endpoints", "Interface endpoints")
        self._add_endpoints(endpoint_zones, pollers_inside=pollers_inside)

    @property
    def stores(self) -> ec2.SubnetSelection:
        return ec2.SubnetSelection(subnet_group_name=STORES)

    @property
    def store_subnets(self) -> Sequence[ec2.ISubnet]:
        return self.vpc.select_subnets(subnet_group_name=STORES).subnets

    def of_functions(self) -> data_plane.Network:
        """Where and as whom the functions run."""
        outgoing = self.vpc.select_subnets(subnet_group_name=OUTGOING).subnets
        return data_plane.Network(self.vpc, self.store_subnets, outgoing, self.functions)

    def security_group(self, construct_id: str, description: str) -> ec2.SecurityGroup:
        """A group that nothing reaches and that reaches nothing, until a rule says so."""
        return ec2.SecurityGroup(
            self, construct_id, vpc=self.vpc, description=f"Meterhouse: {description}", allow_all_outbound=False
        )

    def let_functions_reach(self, store: ec2.SecurityGroup, port: int) -> None:
        """Open one port of a store to the functions, in both groups."""
        store.connections.allow_from(self.functions, ec2.Port.tcp(port), "The functions")

    def let_reach_endpoints(self, group: ec2.SecurityGroup) -> None:
        """Open the interface endpoints to what runs in another group."""
        self._endpoints.connections.allow_from(group, ec2.Port.HTTPS, "Pollers in our subnets")

    def _add_endpoints(self, zones: int, *, pollers_inside: bool) -> None:
        """In as many zones as wanted; from the others they are reached across zones, and gone with theirs."""
        where = ec2.SubnetSelection(subnets=list(self.store_subnets[:zones]))
        services = {
            "SecretsManager": ec2.InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
            "EventBridge": ec2.InterfaceVpcEndpointAwsService.EVENTBRIDGE,
            "StepFunctions": ec2.InterfaceVpcEndpointAwsService.STEP_FUNCTIONS,
        }
        if pollers_inside:
            services["Lambda"] = ec2.InterfaceVpcEndpointAwsService.LAMBDA_
            services["Sts"] = ec2.InterfaceVpcEndpointAwsService.STS
        for name, service in services.items():
            self.vpc.add_interface_endpoint(
                name, service=service, subnets=where, security_groups=[self._endpoints], open=False
            )
        self.let_functions_reach(self._endpoints, 443)


def _subnets() -> list[ec2.SubnetConfiguration]:
    return [
        ec2.SubnetConfiguration(name=STORES, subnet_type=ec2.SubnetType.PRIVATE_ISOLATED, cidr_mask=20),
        ec2.SubnetConfiguration(name="Public", subnet_type=ec2.SubnetType.PUBLIC, cidr_mask=28),
        ec2.SubnetConfiguration(name=OUTGOING, subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS, cidr_mask=24),
    ]
