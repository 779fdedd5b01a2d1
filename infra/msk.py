"""The event log: an MSK cluster that speaks SASL/SCRAM over TLS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_msk as msk
from aws_cdk import aws_secretsmanager as secrets
from aws_cdk import custom_resources as custom
from constructs import Construct

from infra.data_plane import Credentials, Kafka
from infra.environment import named
from infra.keeping import logs_kept
from infra.nag import accept

if TYPE_CHECKING:
    from infra.network import StoreNetwork
    from infra.settings import AwsStores

SCRAM_PORT = 9096
KAFKA_VERSION = "3.9.x.kraft"
# An acknowledged event is on two brokers in two zones; topics are made by the migration, never by a typing error.
SERVER_PROPERTIES = """\
auto.create.topics.enable=false
default.replication.factor=3
min.insync.replicas=2
unclean.leader.election.enable=false
message.max.bytes=4194304
log.retention.hours={hours}
"""


class EventLog(Construct):
    """Brokers in three zones, their one user's secret, and the bootstrap servers CloudFormation does not return."""

    def __init__(self, scope: Construct, network: StoreNetwork, stores: AwsStores) -> None:
        super().__init__(scope, "EventLog")
        self._key = kms.Key(self, "Key", description="Meterhouse: the event log", enable_key_rotation=True)
        self.cluster = self._make_cluster(network, stores)
        user = self._user()
        association = msk.CfnBatchScramSecret(
            self, "Users", cluster_arn=self.cluster.attr_arn, secret_arn_list=[user.secret_arn]
        )
        association.node.add_dependency(user)
        self.kafka = Kafka(self._bootstrap_servers(stores), self.cluster.attr_arn, Credentials(user, self._key))

    def _make_cluster(self, network: StoreNetwork, stores: AwsStores) -> msk.CfnCluster:
        group = network.security_group("Brokers", "MSK brokers")
        network.let_functions_reach(group, SCRAM_PORT)
        # Lambda's pollers borrow the brokers' own security group.
        group.connections.allow_internally(ec2.Port.tcp(SCRAM_PORT), "Event source pollers")
        if stores.pollers_inside:
            network.let_reach_endpoints(group)
        cluster = msk.CfnCluster
        return cluster(
            self,
            "Cluster",
            cluster_name=named(self, "meterhouse"),
            kafka_version=KAFKA_VERSION,
            number_of_broker_nodes=stores.kafka_brokers,
            broker_node_group_info=cluster.BrokerNodeGroupInfoProperty(
                client_subnets=[subnet.subnet_id for subnet in network.store_subnets],
                instance_type=stores.kafka_instance_type,
                security_groups=[group.security_group_id],
                storage_info=cluster.StorageInfoProperty(
                    ebs_storage_info=cluster.EBSStorageInfoProperty(volume_size=stores.kafka_volume_gib)
                ),
            ),
            client_authentication=cluster.ClientAuthenticationProperty(
                sasl=cluster.SaslProperty(scram=cluster.ScramProperty(enabled=True)),
                unauthenticated=cluster.UnauthenticatedProperty(enabled=False),
            ),
            configuration_info=cluster.ConfigurationInfoProperty(
                arn=self._configuration(stores.kafka_retention_days), revision=1
            ),
            encryption_info=cluster.EncryptionInfoProperty(
                encryption_at_rest=cluster.EncryptionAtRestProperty(data_volume_kms_key_id=self._key.key_arn),
                encryption_in_transit=cluster.EncryptionInTransitProperty(client_broker="TLS", in_cluster=True),
            ),
            logging_info=cluster.LoggingInfoProperty(broker_logs=self._broker_logs()),
        )

    def _configuration(self, days: int) -> str:
        return msk.CfnConfiguration(
            self,
            "Configuration",
            name=named(self, "meterhouse"),
            server_properties=SERVER_PROPERTIES.format(hours=24 * days),
        ).attr_arn

    def _broker_logs(self) -> msk.CfnCluster.BrokerLogsProperty:
        group = logs.LogGroup(self, "Logs", retention=logs_kept(self), removal_policy=RemovalPolicy.DESTROY)
        return msk.CfnCluster.BrokerLogsProperty(
            cloud_watch_logs=msk.CfnCluster.CloudWatchLogsProperty(enabled=True, log_group=group.log_group_name)
        )

    def _user(self) -> secrets.Secret:
        """MSK reads only secrets named AmazonMSK_… that are encrypted with a key of ours."""
        user = secrets.Secret(
            self,
            "User",
            secret_name=f"AmazonMSK_{named(self, 'meterhouse')}",
            description="Meterhouse: the Kafka user of the functions and of Lambda's pollers",
            encryption_key=self._key,
            generate_secret_string=secrets.SecretStringGenerator(
                secret_string_template=json.dumps({"username": "meterhouse"}),
                generate_string_key="password",
                password_length=32,
                exclude_punctuation=True,
            ),
        )
        accept(user, "SMG4", "MSK takes a changed SCRAM secret by a new association, which is a deploy of this stack")
        return user

    def _bootstrap_servers(self, stores: AwsStores) -> str:
        stack = Stack.of(self)
        call = custom.AwsSdkCall(
            service="Kafka",
            action="GetBootstrapBrokers",
            parameters={"ClusterArn": self.cluster.attr_arn},
            physical_resource_id=custom.PhysicalResourceId.of(f"{stores.kafka_brokers} brokers"),
            output_paths=["BootstrapBrokerStringSaslScram"],
        )
        lookup = custom.AwsCustomResource(
            self,
            "BootstrapServers",
            on_update=call,
            install_latest_aws_sdk=False,
            policy=custom.AwsCustomResourcePolicy.from_sdk_calls(resources=[self.cluster.attr_arn]),
            log_group=logs.LogGroup(self, "LookupLogs", retention=logs_kept(self)),
        )
        provider = stack.node.find_child(f"AWS{custom.AwsCustomResource.PROVIDER_FUNCTION_UUID.replace('-', '')}")
        accept(
            provider,
            "IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]",
            "The CDK's own lookup function, called at deploy only",
        )
        return lookup.get_response_field("BootstrapBrokerStringSaslScram")
