"""Environments: what a deployment is called, and how hard it is to lose. How large it is, `profiles.py` says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_cdk import RemovalPolicy
from aws_cdk import aws_logs as logs

if TYPE_CHECKING:
    from constructs import Construct

FLAG = "environment"
_PREFIX = "meterhouse"


@dataclass(frozen=True, slots=True)
class Environment:
    """One of the deployments an account and region may have beside each other.

    Attributes:
        prefix: what every name it takes in the account begins with; its stacks and metrics the same in `Pascal` case.
        is_protected: stacks and stores refuse to be deleted, and what holds data stays when its stack goes.
        logs_kept: how long log groups keep lines.
        backups_kept: days of backups of Aurora.
        watches_each_function: an alarm for each function; else one for all of them.
    """

    prefix: str
    pascal: str
    is_protected: bool
    logs_kept: logs.RetentionDays
    backups_kept: int
    watches_each_function: bool

    @property
    def of_data(self) -> RemovalPolicy:
        """What becomes of stores when they leave the template."""
        return RemovalPolicy.RETAIN if self.is_protected else RemovalPolicy.DESTROY

    @property
    def of_volumes(self) -> RemovalPolicy:
        return RemovalPolicy.SNAPSHOT if self.is_protected else RemovalPolicy.DESTROY


ENVIRONMENTS = {
    "prod": Environment(
        _PREFIX,
        "Meterhouse",
        is_protected=True,
        logs_kept=logs.RetentionDays.ONE_MONTH,
        backups_kept=14,
        watches_each_function=True,
    ),
    "dev": Environment(
        f"{_PREFIX}-dev",
        "MeterhouseDev",
        is_protected=False,
        logs_kept=logs.RetentionDays.ONE_WEEK,
        backups_kept=1,
        watches_each_function=False,
    ),
}
DEFAULT = "prod"


def environment_of(scope: Construct) -> Environment:
    """The environment that the context of a construct names; `settings.py` has refused unknown ones."""
    return ENVIRONMENTS[scope.node.try_get_context(FLAG) or DEFAULT]


def named(scope: Construct, name: str) -> str:
    """A name of ours (`meterhouse-balances`) as it is in this environment."""
    return environment_of(scope).prefix + name.removeprefix(_PREFIX)


def stack_name(scope: Construct, part: str) -> str:
    return f"{environment_of(scope).pascal}{part}"
