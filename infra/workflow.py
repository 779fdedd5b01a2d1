"""A Step Functions workflow from an ASL file, its logs and its role."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.definition import definition_of
from infra.environment import named
from infra.function import pascal_case
from infra.keeping import logs_kept
from infra.nag import accept

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.function import MeterhouseFunction


class Workflow(Construct):
    """The state machine of `workflows/<name>.asl.json`; `${name}` in it is the ARN of the function of that name."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        functions: Mapping[str, MeterhouseFunction],
        *,
        hours: int,
        is_distributed: bool = False,
    ) -> None:
        super().__init__(scope, pascal_case(name))
        definition = definition_of(name).read_text(encoding="utf-8")
        arns = {name: functions[name].function.function_arn for name in sorted(re.findall(r"\$\{(\w+)}", definition))}
        self._name = workflow_name(self, name)
        self._role = self._make_role(list(arns.values()))
        if is_distributed:
            self._let_children_run()
        self.state_machine = sfn.StateMachine(
            self,
            "StateMachine",
            state_machine_name=self._name,
            definition_body=sfn.DefinitionBody.from_string(definition),
            definition_substitutions=arns,
            role=cast("iam.IRole", self._role),
            timeout=Duration.hours(hours),
            tracing_enabled=True,
            logs=sfn.LogOptions(
                destination=logs.LogGroup(
                    self,
                    "Logs",
                    log_group_name=f"/aws/vendedlogs/states/{self._name}",
                    retention=logs_kept(self),
                    removal_policy=RemovalPolicy.DESTROY,
                ),
                level=sfn.LogLevel.ALL,
            ),
        )

    def _make_role(self, functions: list[str]) -> iam.Role:
        role = iam.Role(self, "Role", assumed_by=cast("iam.IPrincipal", iam.ServicePrincipal("states.amazonaws.com")))
        role.add_to_policy(iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=functions))
        accept(self, "IAM5[Resource::*]", "Log delivery and X-Ray's calls take no resource")
        return role

    def _let_children_run(self) -> None:
        for actions, resource in (
            ("states:StartExecution", _arn(self, f"stateMachine:{self._name}")),
            ("states:DescribeExecution states:StopExecution", _arn(self, f"execution:{self._name}/*")),
        ):
            self._role.add_to_policy(iam.PolicyStatement(actions=actions.split(), resources=[resource]))
        accept(
            self,
            f"IAM5[Resource::arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:{self._name}/*]",
            "The distributed map watches and stops its own child executions, whose names Step Functions chooses",
        )


def workflow_name(scope: Construct, name: str) -> str:
    return named(scope, f"meterhouse-{name}")


def workflow_arn(scope: Construct, name: str) -> str:
    """The ARN by its name: a function that starts a workflow is made before it, and the workflow's functions too."""
    return _arn(scope, f"stateMachine:{workflow_name(scope, name)}")


def _arn(scope: Construct, resource: str) -> str:
    stack = Stack.of(scope)
    return f"arn:{stack.partition}:states:{stack.region}:{stack.account}:{resource}"
