"""The backfill of a meter: the workflow, and the domain events that start it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.environment import named
from infra.workflow import Workflow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.function import MeterhouseFunction

NAME = "backfill_meter"
STARTING = ("meter.created", "meter.updated", "meter.backfill_stalled")


class Backfill(Construct):
    """A rule names no execution, so an event that comes twice starts two: a run bears another beside it."""

    def __init__(self, scope: Construct, functions: Mapping[str, MeterhouseFunction], bus: events.IEventBus) -> None:
        super().__init__(scope, "Backfill")
        self.workflow = Workflow(self, NAME, functions, hours=24)
        machine = self.workflow.state_machine
        role = iam.Role(self, "Role", assumed_by=cast("iam.IPrincipal", iam.ServicePrincipal("events.amazonaws.com")))
        names = {"namespace": "namespace", "meterId": "data.id", "revision": "data.revision"}
        run = {name: events.EventField.from_path(f"$.detail.{path}") for name, path in names.items()}
        self.rule = events.Rule(
            self,
            "Rule",
            rule_name=named(self, f"meterhouse-{NAME}"),
            event_bus=bus,
            event_pattern=events.EventPattern(source=["meterhouse"], detail_type=list(STARTING)),
            targets=[
                cast(
                    "events.IRuleTarget",
                    targets.SfnStateMachine(
                        machine,
                        input=events.RuleTargetInput.from_object(run),
                        role=cast("iam.IRole", role),
                        max_event_age=Duration.hours(1),
                    ),
                )
            ],
        )
        self.rule.node.add_dependency(role)
