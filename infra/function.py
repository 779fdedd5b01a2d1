"""The one construct that makes every function."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.environment import environment_of, named
from infra.keeping import logs_kept
from infra.nag import accept
from infra.observed import CAPABILITY_OF, VARIABLE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from infra.data_plane import Network

FOLDER = Path(__file__).resolve().parent.parent / "functions"
NETWORK_INTERFACES = (
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
)


class FunctionFolderMissingError(Exception):
    """A function is described in infra/functions.py and has no folder in functions/."""


class MeterhouseFunction(Construct):
    """One Lambda with a role, a log group and a code asset of its own."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        layers: Sequence[lambda_.LayerVersion],
        environment: Mapping[str, str],
        grants: Sequence[iam.PolicyStatement],
        network: Network | None,
        calls_out: bool,
        timeout: int,
        memory: int,
        reserved_concurrency: int | None,
        is_hot: bool,
    ) -> None:
        super().__init__(scope, pascal_case(name))
        self.name = name
        self.function_name = function_name(self, name)
        self.log_group = logs.LogGroup(
            self,
            "Logs",
            log_group_name=f"/aws/lambda/{self.function_name}",
            retention=logs_kept(self),
            removal_policy=RemovalPolicy.DESTROY,
        )
        self.role = self._make_role(grants, network)
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=self.function_name,
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            handler="handler.handler",
            code=_code(name),
            layers=list(layers),
            environment={
                "POWERTOOLS_SERVICE_NAME": name,
                "POWERTOOLS_METRICS_NAMESPACE": environment_of(self).pascal,
                VARIABLE: CAPABILITY_OF[name],
                "LOG_LEVEL": "INFO",
                **environment,
            },
            timeout=Duration.seconds(timeout),
            memory_size=memory,
            reserved_concurrent_executions=reserved_concurrency,
            role=self.role,
            log_group=self.log_group,
            tracing=lambda_.Tracing.PASS_THROUGH if is_hot else lambda_.Tracing.ACTIVE,
            logging_format=lambda_.LoggingFormat.JSON if is_hot else None,
            system_log_level_v2=lambda_.SystemLogLevel.WARN if is_hot else None,
            vpc=network.vpc if network else None,
            vpc_subnets=network.selection(calls_out=calls_out) if network else None,
            security_groups=[network.security_group] if network else None,
        )

        accept(self.function, "L1", "Python 3.13 is the runtime whose wheels the layers carry and the tests cover")

    def depends_on(self, construct: Construct) -> None:
        """Hold the deployment of the function's code until `construct` is there."""
        cast("lambda_.CfnFunction", self.function.node.default_child).node.add_dependency(construct)

    def _make_role(self, grants: Sequence[iam.PolicyStatement], network: Network | None) -> iam.Role:
        role = iam.Role(self, "Role", assumed_by=cast("iam.IPrincipal", iam.ServicePrincipal("lambda.amazonaws.com")))
        own_logs = iam.PolicyStatement(
            actions=["logs:CreateLogStream", "logs:PutLogEvents"], resources=[self.log_group.log_group_arn]
        )
        for grant in (own_logs, *grants, *(self._network_grants() if network else ())):
            role.add_to_policy(grant)
        reason = "X-Ray's PutTraceSegments and PutTelemetryRecords take no resource"
        if network:
            reason += "; nor do the network interface calls Lambda makes for a function in a VPC"
        accept(self, "IAM5[Resource::*]", reason)
        return role

    def _network_grants(self) -> tuple[iam.PolicyStatement, ...]:
        """Lambda needs these to attach the function to the VPC; the function's own code never may use them."""
        stack = Stack.of(self)
        arn = f"arn:{stack.partition}:lambda:{stack.region}:{stack.account}:function:{self.function_name}"
        return (
            iam.PolicyStatement(actions=list(NETWORK_INTERFACES), resources=["*"]),
            iam.PolicyStatement(
                effect=iam.Effect.DENY,
                actions=list(NETWORK_INTERFACES),
                resources=["*"],
                conditions={"ArnEquals": {"lambda:SourceFunctionArn": arn}},
            ),
        )


def function_name(scope: Construct, name: str) -> str:
    return named(scope, f"meterhouse-{name}")


def pascal_case(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def _code(name: str) -> lambda_.Code:
    folder = FOLDER / name
    if not (folder / "handler.py").is_file():
        raise FunctionFolderMissingError(f"functions/{name}/handler.py is missing, and infra/functions.py lists it")
    return lambda_.Code.from_asset(str(folder), exclude=["**/__pycache__", "**/*.pyc", "*.md"])
