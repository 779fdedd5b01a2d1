"""The stores the application runs on, as one object: it cannot see whether they are ours or a laptop's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_cdk import aws_ec2 as ec2

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_secretsmanager as secrets


@dataclass(frozen=True, slots=True)
class Network:
    """Where the functions run when the stores sit in a VPC: from `outgoing` there is a way to the internet."""

    vpc: ec2.IVpc
    isolated: Sequence[ec2.ISubnet]
    outgoing: Sequence[ec2.ISubnet]
    security_group: ec2.ISecurityGroup

    def selection(self, *, calls_out: bool) -> ec2.SubnetSelection:
        """The subnets of a function."""
        return ec2.SubnetSelection(subnets=self.outgoing if calls_out else self.isolated)


@dataclass(frozen=True, slots=True)
class Credentials:
    """A secret of the shape {"username", "password"}, and the key it is encrypted with where that key is ours."""

    secret: secrets.ISecret
    key: kms.IKey | None = None


@dataclass(frozen=True, slots=True)
class Kafka:
    """The broker; without credentials it speaks plain text, and only a laptop's broker does."""

    bootstrap_servers: str
    cluster_arn: str
    credentials: Credentials | None


@dataclass(frozen=True, slots=True)
class Postgres:
    host: str
    port: str
    database: str
    sslmode: str
    owner: Credentials


@dataclass(frozen=True, slots=True)
class ClickHouse:
    """`url` is scheme://host:port."""

    url: str
    database: str
    credentials: Credentials


@dataclass(frozen=True, slots=True)
class DataPlane:
    kafka: Kafka
    postgres: Postgres
    clickhouse: ClickHouse
    network: Network | None
