"""What stays of a deployment, and for how long: what is only for trying out leaves nothing behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import RemovalPolicy
from aws_cdk import aws_logs as logs

from infra.environment import environment_of

if TYPE_CHECKING:
    from constructs import Construct


def data_kept(scope: Construct) -> RemovalPolicy:
    """What becomes of stores when they leave the template."""
    return RemovalPolicy.RETAIN if environment_of(scope).is_protected else RemovalPolicy.DESTROY


def volumes_kept(scope: Construct) -> RemovalPolicy:
    return RemovalPolicy.SNAPSHOT if environment_of(scope).is_protected else RemovalPolicy.DESTROY


def logs_kept(scope: Construct) -> logs.RetentionDays:
    """How long log groups keep lines."""
    days = logs.RetentionDays
    return days.ONE_MONTH if environment_of(scope).is_protected else days.ONE_WEEK
