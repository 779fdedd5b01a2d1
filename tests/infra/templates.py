"""Synthesised templates, and the few questions the infra tests ask them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localstack.node import find_node
from localstack.pages import ensure_packages

ROOT = Path(__file__).resolve().parents[2]
FUNCTIONS = ROOT / "functions"

LOCAL_CONTEXT = {
    "target": "local",
    "kafkaBootstrapServers": "127.0.0.1:9092",
    "postgresHost": "127.0.0.1",
    "postgresPort": "5432",
    "postgresDatabase": "meterhouse",
    "postgresSslMode": "disable",
    "postgresOwnerSecret": "meterhouse/postgres-owner",
    "clickhouseUrl": "http://127.0.0.1:8123",
    "clickhouseDatabase": "meterhouse",
    "clickhouseSecret": "meterhouse/clickhouse",
}
EVERY_OPTION = {
    "environment": "dev",
    "profile": "small",
    "clickhouse": "cloud",
    "clickhousePrivateLinkService": "com.amazonaws.vpce.eu-central-1.vpce-svc-0123",
    "clickhouseHost": "abc.eu-central-1.vpce.aws.clickhouse.cloud",
    "clickhouseSecret": "clickhouse-cloud",
    "domainName": "usage.example.com",
    "certificateArn": "arn:aws:acm:eu-central-1:111111111111:certificate/0123",
    "hostedZoneId": "Z0123",
    "hostedZoneName": "example.com",
    "alarmEmail": "billing@example.com",
    "runbooksUrl": "https://runbooks.example.com/meterhouse/",
    "firewall": "on",
    "webAclArn": "arn:aws:wafv2:us-east-1:111111111111:global/webacl/meterhouse/0123",
    "auroraReaders": "1",
    "sinkMinPollers": "0",
    "eventsRetentionDays": "400",
    "notificationsRetentionDays": "30",
    "balanceThresholds": "80, 100",
    "balanceWorkers": "20",
    "dunningRetryDays": "2, 4",
    "dunningGiveUpDays": "14",
    "billingLockedNamespaces": "acme, old-house",
    "maxLinesPerCollectedInvoice": "250",
    "notificationsEmailFrom": "alerts@mail.example.com",
    "pageDomainName": "billing.example.com",
    "pageCertificateArn": "arn:aws:acm:us-east-1:111111111111:certificate/4567",
    "oidcIssuer": "https://login.example.com/realms/ours",
    "oidcAudience": "meterhouse, console",
    "oidcNamespaceClaim": "https://example.com/namespace",
    "pageFrameAncestors": "https://app.example.com",
}

Resource = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Synthesis:
    """The templates of one synthesis by stack name, and its validation report when there is one."""

    stacks: dict[str, dict[str, Any]]
    outdir: Path

    def all(self, kind: str) -> dict[str, Resource]:
        """Resources of a type over all stacks, by logical id."""
        return {
            name: resource
            for stack in self.stacks.values()
            for name, resource in stack["Resources"].items()
            if resource["Type"] == kind
        }

    def one(self, kind: str) -> Resource:
        (resource,) = self.all(kind).values()
        return resource

    def named(self, kind: str, **properties: Any) -> Resource:
        """The one resource of a type that has these properties."""
        (resource,) = [
            resource
            for resource in self.all(kind).values()
            if properties.items() <= {k: v for k, v in resource["Properties"].items() if k in properties}.items()
        ]
        return resource

    @property
    def application(self) -> dict[str, Resource]:
        return self.resources("Application")

    def resources(self, part: str) -> dict[str, Resource]:
        """Those of one stack, whatever its environment calls it."""
        (found,) = (stack["Resources"] for name, stack in self.stacks.items() if name.endswith(part))
        return dict(found)

    def functions(self) -> dict[str, Resource]:
        """Properties of Meterhouse's functions by their folder's name."""
        prefix = f"{self.one('AWS::Events::EventBus')['Properties']['Name']}-"
        return {
            properties["FunctionName"].removeprefix(prefix): properties
            for resource in self.all("AWS::Lambda::Function").values()
            if (properties := resource["Properties"]).get("FunctionName", "").startswith(prefix)
        }

    def statements(self, role: str) -> list[dict[str, Any]]:
        """Every statement of the policies attached to a role's logical id."""
        return [
            statement
            for policy in self.all("AWS::IAM::Policy").values()
            if {"Ref": role} in policy["Properties"]["Roles"]
            for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        ]


def synthesise(context: dict[str, str], outdir: Path) -> Synthesis:
    """Templates for a context; raises what `cdk synth` would end with, cdk-nag's findings included."""
    from infra.app import build_app  # noqa: PLC0415 - ten seconds that the workers without this ring need not spend

    ensure_packages(find_node())
    flags = json.loads((ROOT / "cdk.json").read_text())["context"]
    app = build_app({**flags, "aws:cdk:disable-asset-staging": True, **context}, outdir=str(outdir))
    app.synth()
    suffix = ".template.json"
    stacks = {path.name.removesuffix(suffix): json.loads(path.read_text()) for path in outdir.glob(f"*{suffix}")}
    return Synthesis(stacks, outdir)


def listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]


def role_of(function: Resource) -> str:
    """The logical id of a function's role."""
    role: str = function["Role"]["Fn::GetAtt"][0]
    return role
