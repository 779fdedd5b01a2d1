"""The event source mapping that feeds the events topic to sink_events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.capabilities import CONSUMER_GROUP, DEAD_LETTER_TOPIC, EVENTS_TOPIC

if TYPE_CHECKING:
    from infra.data_plane import Kafka
    from infra.function import MeterhouseFunction
    from infra.settings import ApplicationSettings

# Lambda caps a batch at 10 000 records or 6 MB, whatever comes first.
BATCH_SIZE = 10_000
# A store that is away must not turn good events into dead letters: the sink sorts out poison itself, so what fails
# is a whole batch, and it is tried for hours. Without a number, AWS caps a mapping with a destination at 10 tries.
RETRIES = 1_000
# What the mapping looks up of the brokers' network, beyond what Lambda asks of every function in a VPC.
POLLERS_NETWORK = ("ec2:DescribeVpcs", "ec2:DescribeSecurityGroups")


class SinkMapping(Construct):
    """Pollers of the events topic in the group whose offsets are the invoice run's watermark.

    Dead letters, retry limits and poller counts exist in provisioned mode alone; with `sink_min_pollers` = 0 the
    mapping runs on demand and a failing batch is tried for ever.
    """

    def __init__(self, scope: Construct, sink: MeterhouseFunction, kafka: Kafka, settings: ApplicationSettings) -> None:
        super().__init__(scope, "SinkMapping")
        provisioned = settings.sink_min_pollers > 0
        mapping = lambda_.CfnEventSourceMapping
        credentials = kafka.credentials
        self.resource = mapping(
            self,
            "Resource",
            function_name=sink.function.function_name,
            event_source_arn=kafka.cluster_arn,
            topics=[EVENTS_TOPIC],
            starting_position="TRIM_HORIZON",
            batch_size=BATCH_SIZE,
            maximum_batching_window_in_seconds=settings.sink_window,
            amazon_managed_kafka_event_source_config=mapping.AmazonManagedKafkaEventSourceConfigProperty(
                consumer_group_id=CONSUMER_GROUP
            ),
            source_access_configurations=[
                mapping.SourceAccessConfigurationProperty(type="SASL_SCRAM_512_AUTH", uri=credentials.secret.secret_arn)
            ]
            if credentials
            else None,
            provisioned_poller_config=mapping.ProvisionedPollerConfigProperty(
                minimum_pollers=settings.sink_min_pollers, maximum_pollers=settings.sink_max_pollers
            )
            if provisioned
            else None,
            maximum_retry_attempts=RETRIES if provisioned else None,
            destination_config=mapping.DestinationConfigProperty(
                on_failure=mapping.OnFailureProperty(destination=f"kafka://{DEAD_LETTER_TOPIC}")
            )
            if provisioned
            else None,
        )
        if credentials:
            self._let_the_pollers_connect(sink, kafka.cluster_arn)

    def _let_the_pollers_connect(self, sink: MeterhouseFunction, cluster_arn: str) -> None:
        """Pollers run with the function's role: https://docs.aws.amazon.com/lambda/latest/dg/with-msk-permissions.html."""
        actions = ["kafka:DescribeCluster", "kafka:DescribeClusterV2", "kafka:GetBootstrapBrokers"]
        sink.role.add_to_policy(iam.PolicyStatement(actions=actions, resources=[cluster_arn]))
        sink.role.add_to_policy(iam.PolicyStatement(actions=list(POLLERS_NETWORK), resources=["*"]))
        # Creating a mapping checks these rights at once: the role's policy has to be complete before it.
        self.resource.node.add_dependency(sink.role)
