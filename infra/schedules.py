"""What runs by the clock, through EventBridge Scheduler."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from infra.environment import named
from infra.function import pascal_case
from infra.function_spec import Technology
from infra.functions import FUNCTIONS
from infra.pace import paced

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import aws_stepfunctions as sfn

    from infra.function import MeterhouseFunction
    from infra.pace import Pace

# The instant a run bills up to is the scheduled one, so that a late delivery bills the same periods. A second delivery
# is the same run: the workflow names it by this instant, which the scheduler cannot, as no name has colons.
INVOICE_RUN_INPUT = {"scheduledAt": "<aws.scheduler.scheduled-time>"}
# Grants expire and recur at whole hours mostly; what happened two minutes before is told.
GRANT_SCHEDULE = "cron(3/15 * * * ? *)"

# What expired is over by itself; the books say so within the hour.
CREDIT_EXPIRY_SCHEDULE = "cron(8/15 * * * ? *)"

# Every night, beside the first run of the hour and not in its way: who is audited waits for a moment.
AUDIT_SCHEDULE = "cron(35 3 * * ? *)"


@dataclass(frozen=True, slots=True)
class ScheduledWorkflow:
    name: str
    machine: sfn.StateMachine
    expression: str
    payload: Mapping[str, str] = field(default_factory=dict)
    enabled: bool = True


class Schedules(Construct):
    """One schedule per function with a rate, and one per workflow; a missed one is made up by the next."""

    def __init__(
        self,
        scope: Construct,
        functions: Mapping[str, MeterhouseFunction],
        workflows: Sequence[ScheduledWorkflow],
        pace: Pace,
    ) -> None:
        super().__init__(scope, "Schedules")
        self._role = iam.Role(
            self, "Role", assumed_by=cast("iam.IPrincipal", iam.ServicePrincipal("scheduler.amazonaws.com"))
        )
        for spec in FUNCTIONS:
            if spec.rate:
                arn = functions[spec.name].function.function_arn
                rate = paced(spec.rate, pace) if Technology.POSTGRES in spec.technologies else spec.rate
                self._every(spec.name, rate, arn, "lambda:InvokeFunction", {}, tries_for_seconds=60)
        for one in workflows:
            self._every(
                one.name,
                paced(one.expression, pace),
                one.machine.state_machine_arn,
                "states:StartExecution",
                one.payload,
                tries_for_seconds=3600,
                enabled=one.enabled,
            )

    def _every(
        self,
        name: str,
        expression: str,
        arn: str,
        action: str,
        payload: Mapping[str, str],
        *,
        tries_for_seconds: int,
        enabled: bool = True,
    ) -> None:
        self._role.add_to_policy(iam.PolicyStatement(actions=[action], resources=[arn]))
        scheduler.CfnSchedule(
            self,
            pascal_case(name),
            name=named(self, f"meterhouse-{name}"),
            schedule_expression=expression,
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            state="ENABLED" if enabled else "DISABLED",
            target=scheduler.CfnSchedule.TargetProperty(
                arn=arn,
                role_arn=self._role.role_arn,
                input=json.dumps(payload),
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(maximum_event_age_in_seconds=tries_for_seconds),
            ),
        ).node.add_dependency(self._role)
