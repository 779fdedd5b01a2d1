"""The metrics that alarms and dashboard share: AWS's own, and ours by the service that tells them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cw

from infra.capabilities import CONSUMER_GROUP, EVENTS_TOPIC
from infra.environment import environment_of, named

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_stepfunctions as sfn
    from constructs import Construct

MINUTE, FIVE_MINUTES = Duration.minutes(1), Duration.minutes(5)
HOUR, QUARTER_DAY = Duration.hours(1), Duration.hours(6)


class Watched:
    """Metrics of one environment."""

    def __init__(self, scope: Construct) -> None:
        self._scope = scope

    def sink_lag(self) -> cw.Metric:
        """Seconds the oldest unread event waits."""
        group = {"Consumer Group": CONSUMER_GROUP, "Topic": EVENTS_TOPIC}
        return self.kafka("EstimatedMaxTimeLag", group, "Maximum")

    def kafka(self, name: str, dimensions: Mapping[str, str], statistic: str) -> cw.Metric:
        return cw.Metric(
            namespace="AWS/Kafka",
            metric_name=name,
            dimensions_map={"Cluster Name": named(self._scope, "meterhouse"), **dimensions},
            statistic=statistic,
            period=MINUTE,
        )

    def queue(self, name: str, metric: str) -> cw.Metric:
        return cw.Metric(
            namespace="AWS/SQS",
            metric_name=metric,
            dimensions_map={"QueueName": named(self._scope, name)},
            statistic="Maximum",
            period=FIVE_MINUTES,
        )

    def audited(
        self, name: str, *, by: str = "audit_events", period: Duration = FIVE_MINUTES, statistic: str = "Maximum"
    ) -> cw.Metric:
        """What a function tells, of all namespaces: audits tell it anew each time, so that a sum would mean nothing."""
        return cw.Metric(
            namespace=environment_of(self._scope).pascal,
            metric_name=name,
            dimensions_map={"service": by},
            statistic=statistic,
            period=period,
        )

    def of_capability(self, name: str, capability: str, statistic: str) -> cw.Metric:
        """What the calls of a capability told; of `Duration` the number of samples is that of the calls."""
        return cw.Metric(
            namespace=environment_of(self._scope).pascal,
            metric_name=name,
            dimensions_map={"capability": capability},
            statistic=statistic,
            period=FIVE_MINUTES,
            label=capability,
        )


def failures(machine: sfn.IStateMachine) -> cw.IMetric:
    return cw.MathExpression(
        expression="failed + late + aborted",
        label="runs not completed",
        period=FIVE_MINUTES,
        using_metrics={
            "failed": machine.metric_failed(period=FIVE_MINUTES),
            "late": machine.metric_timed_out(period=FIVE_MINUTES),
            "aborted": machine.metric_aborted(period=FIVE_MINUTES),
        },
    )
