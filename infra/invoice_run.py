"""The invoice run: a Step Functions workflow over batches of customers, and its role."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, cast

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.nag import accept

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.function import MeterhouseFunction

DEFINITION = Path(__file__).resolve().parent / "workflows" / "invoice_run.asl.json"
NAME = "meterhouse-invoice_run"


class InvoiceRun(Construct):
    """The state machine; `${name}` in its definition is the ARN of the function of that name."""

    def __init__(self, scope: Construct, functions: Mapping[str, MeterhouseFunction]) -> None:
        super().__init__(scope, "InvoiceRun")
        definition = DEFINITION.read_text(encoding="utf-8")
        arns = {name: functions[name].function.function_arn for name in sorted(re.findall(r"\$\{(\w+)}", definition))}
        self.state_machine = sfn.StateMachine(
            self,
            "StateMachine",
            state_machine_name=NAME,
            definition_body=sfn.DefinitionBody.from_string(definition),
            definition_substitutions=arns,
            role=cast("iam.IRole", self._role(list(arns.values()))),
            timeout=Duration.hours(6),
            tracing_enabled=True,
            logs=sfn.LogOptions(
                destination=logs.LogGroup(
                    self,
                    "Logs",
                    log_group_name=f"/aws/vendedlogs/states/{NAME}",
                    retention=logs.RetentionDays.ONE_MONTH,
                    removal_policy=RemovalPolicy.DESTROY,
                ),
                level=sfn.LogLevel.ALL,
            ),
        )

    def _role(self, functions: list[str]) -> iam.Role:
        role = iam.Role(self, "Role", assumed_by=cast("iam.IPrincipal", iam.ServicePrincipal("states.amazonaws.com")))
        stack = Stack.of(self)
        prefix = f"arn:{stack.partition}:states:{stack.region}:{stack.account}"
        children = f"{prefix}:execution:{NAME}/*"
        for actions, resource in (
            ("lambda:InvokeFunction", functions),
            ("states:StartExecution", [f"{prefix}:stateMachine:{NAME}"]),
            ("states:DescribeExecution states:StopExecution", [children]),
        ):
            role.add_to_policy(iam.PolicyStatement(actions=actions.split(), resources=resource))
        accept(
            self,
            f"IAM5[Resource::arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:{NAME}/*]",
            "The distributed map watches and stops its own child executions, whose names Step Functions chooses",
        )
        accept(self, "IAM5[Resource::*]", "Log delivery and X-Ray's calls take no resource")
        return role
