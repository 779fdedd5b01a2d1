"""From the bus to a worker: rule, queue, event source mapping, dead letters."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.environment import named

if TYPE_CHECKING:
    from infra.function import MeterhouseFunction
    from infra.queued import Queued

# Six times the function's timeout, as Lambda's documentation wants it: a batch is not delivered again under its worker.
VISIBILITY_TIMEOUTS = 6


class EventQueue(Construct):
    """The queue keeps a message until it is worked off; one that never can be is a dead letter."""

    def __init__(
        self, scope: Construct, construct_id: str, queued: Queued, worker: MeterhouseFunction, bus: events.IEventBus
    ) -> None:
        super().__init__(scope, construct_id)
        dead_letters = sqs.Queue(
            self,
            "DeadLetters",
            queue_name=named(self, queued.dead_letters),
            retention_period=Duration.days(14),
            enforce_ssl=True,
        )
        self.queue = sqs.Queue(
            self,
            "Queue",
            queue_name=named(self, queued.name),
            visibility_timeout=Duration.seconds(VISIBILITY_TIMEOUTS * queued.timeout),
            retention_period=Duration.days(14),
            dead_letter_queue=sqs.DeadLetterQueue(max_receive_count=queued.tries, queue=dead_letters),
            enforce_ssl=True,
        )
        self.rule = events.Rule(
            self,
            "Rule",
            rule_name=named(self, queued.name),
            event_bus=bus,
            event_pattern=events.EventPattern(source=["meterhouse"], detail_type=list(queued.kinds)),
            targets=[cast("events.IRuleTarget", targets.SqsQueue(self.queue, dead_letter_queue=dead_letters))],
        )
        self._let_lambda_poll(worker)
        mapping = lambda_.CfnEventSourceMapping
        self.mapping = mapping(
            self,
            "Mapping",
            function_name=worker.function.function_name,
            event_source_arn=self.queue.queue_arn,
            batch_size=queued.batch,
            maximum_batching_window_in_seconds=queued.window,
            function_response_types=["ReportBatchItemFailures"],
            scaling_config=mapping.ScalingConfigProperty(maximum_concurrency=queued.most_workers),
        )
        self.mapping.node.add_dependency(worker.role)

    def _let_lambda_poll(self, worker: MeterhouseFunction) -> None:
        """Pollers run with the function's role, and creating a mapping checks these rights at once."""
        actions = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
        worker.role.add_to_policy(iam.PolicyStatement(actions=actions, resources=[self.queue.queue_arn]))
