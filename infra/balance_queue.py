"""What moves balances, from the bus to the balance worker: rule, queue, event source mapping, dead letters."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

if TYPE_CHECKING:
    from infra.function import MeterhouseFunction

QUEUE = "meterhouse-balances"
DEAD_LETTERS = "meterhouse-balances-dead-letter"
THRESHOLDS = "BALANCE_THRESHOLDS"
"""The variable that tells the worker which percentages of usage are told of; its own choice without it."""
# By name, not `entitlement.*`: what the worker itself tells of would come back to it for ever.
MOVING = (
    "usage.ingested",
    "customer.updated",
    *(f"entitlement.{what}" for what in ("created", "deleted", "rescheduled", "reset", "came_due")),
    *(f"grant.{what}" for what in ("created", "voided", "expired", "issued")),
    *(f"reservation.{what}" for what in ("created", "settled", "released")),
)
BATCH_SIZE = 500
# Usage comes in many notices of one customer: those of a few seconds are one evaluation.
WINDOW_SECONDS = 5
# Six times the function's timeout, as Lambda's documentation wants it: a batch is not delivered again under its worker.
VISIBILITY_TIMEOUTS = 6
# A store that is away must not turn good messages into dead letters: at one try in twelve minutes this is a day.
TRIES = 120


class BalanceQueue(Construct):
    """The queue keeps a message until its entitlements are evaluated; one that never can be is a dead letter.

    Few workers take many messages each and evaluate an entitlement once for them all; many would wait for each other.
    """

    def __init__(
        self, scope: Construct, worker: MeterhouseFunction, timeout: int, most_workers: int, bus: events.IEventBus
    ) -> None:
        super().__init__(scope, "BalanceQueue")
        dead_letters = sqs.Queue(
            self, "DeadLetters", queue_name=DEAD_LETTERS, retention_period=Duration.days(14), enforce_ssl=True
        )
        self.queue = sqs.Queue(
            self,
            "Queue",
            queue_name=QUEUE,
            visibility_timeout=Duration.seconds(VISIBILITY_TIMEOUTS * timeout),
            retention_period=Duration.days(14),
            dead_letter_queue=sqs.DeadLetterQueue(max_receive_count=TRIES, queue=dead_letters),
            enforce_ssl=True,
        )
        self.rule = events.Rule(
            self,
            "Rule",
            rule_name=QUEUE,
            event_bus=bus,
            event_pattern=events.EventPattern(source=["meterhouse"], detail_type=list(MOVING)),
            targets=[cast("events.IRuleTarget", targets.SqsQueue(self.queue, dead_letter_queue=dead_letters))],
        )
        self._let_lambda_poll(worker)
        mapping = lambda_.CfnEventSourceMapping
        self.mapping = mapping(
            self,
            "Mapping",
            function_name=worker.function.function_name,
            event_source_arn=self.queue.queue_arn,
            batch_size=BATCH_SIZE,
            maximum_batching_window_in_seconds=WINDOW_SECONDS,
            function_response_types=["ReportBatchItemFailures"],
            scaling_config=mapping.ScalingConfigProperty(maximum_concurrency=most_workers),
        )
        self.mapping.node.add_dependency(worker.role)

    def _let_lambda_poll(self, worker: MeterhouseFunction) -> None:
        """Pollers run with the function's role, and creating a mapping checks these rights at once."""
        actions = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
        worker.role.add_to_policy(iam.PolicyStatement(actions=actions, resources=[self.queue.queue_arn]))
