"""Environments: what a deployment is called, and how hard it is to lose. How large it is, `profiles.py` says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

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
        backups_kept: days of backups of Aurora.
        watches_each_function: an alarm for each function; else one for all of them.
    """

    prefix: str
    pascal: str
    is_protected: bool
    backups_kept: int
    watches_each_function: bool


ENVIRONMENTS = {
    "prod": Environment(
        _PREFIX,
        "Meterhouse",
        is_protected=True,
        backups_kept=14,
        watches_each_function=True,
    ),
    "dev": Environment(
        f"{_PREFIX}-dev",
        "MeterhouseDev",
        is_protected=False,
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
