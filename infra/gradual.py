"""New code of functions that answer requests comes by degrees, and goes back by itself when it fails. AWS only.

Routes call the alias `live`. A deploy publishes a version, and CodeDeploy moves a tenth of the calls to it, then all
of them; where the alias's errors ring meanwhile, they go back and the deploy is rolled back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cw
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.environment import environment_of, named
from infra.function import pascal_case
from infra.nag import accept

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_lambda as lambda_

    from infra.function import MeterhouseFunction

ALIAS = "live"
_ROLE = "service-role/AWSCodeDeployRoleForLambdaLimited"


class GradualShift(Construct):
    """The aliases of functions by name, each with a group that shifts it."""

    def __init__(self, scope: Construct, functions: Mapping[str, MeterhouseFunction]) -> None:
        super().__init__(scope, "Gradual")
        configuration = codedeploy.LambdaDeploymentConfig
        self._pace = (
            configuration.CANARY_10_PERCENT_5_MINUTES
            if environment_of(self).is_protected
            else configuration.ALL_AT_ONCE
        )
        self._application = codedeploy.LambdaApplication(
            self, "Application", application_name=named(self, "meterhouse")
        )
        self._role = iam.Role(
            self,
            "Role",
            assumed_by=cast("iam.IPrincipal", iam.ServicePrincipal("codedeploy.amazonaws.com")),
            managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name(_ROLE)],
        )
        policy = f"IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{_ROLE}]"
        accept(self._role, policy, "The policy that CodeDeploy documents for Lambda, without SNS and S3")
        for name, function in functions.items():
            self._shift(name, function)

    def _shift(self, name: str, function: MeterhouseFunction) -> None:
        alias = function.function.add_alias(ALIAS)
        failing = cw.Alarm(
            self,
            f"{pascal_case(name)}Failing",
            alarm_name=named(self, f"meterhouse-shift-{name}"),
            alarm_description=f"New code of {name} fails while it is shifted to. What to do: docs/runbooks/shift.md",
            metric=_errors(alias),
            threshold=0,
            evaluation_periods=1,
            comparison_operator=cw.ComparisonOperator.GREATER_THAN_THRESHOLD,
            treat_missing_data=cw.TreatMissingData.NOT_BREACHING,
        )
        codedeploy.LambdaDeploymentGroup(
            self,
            pascal_case(name),
            application=cast("codedeploy.ILambdaApplication", self._application),
            alias=alias,
            deployment_config=self._pace,
            alarms=[cast("cw.IAlarm", failing)],
            role=cast("iam.IRole", self._role),
        )


def _errors(alias: lambda_.Alias) -> cw.Metric:
    return alias.metric_errors(period=Duration.minutes(1), statistic="Sum")
