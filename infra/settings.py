"""The context flags of the app (`cdk … -c flag=value`), read and checked once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from infra import environment, profiles
from infra.flags import Flags
from infra.people import read_oidc

_PERCENTAGES = re.compile(r"[1-9]\d*(\.\d+)?(,\s*[1-9]\d*(\.\d+)?)*", re.ASCII)
_MAIL_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_ANCESTORS = re.compile(r"'none'|('self'|https://[\w.*:-]+)( ('self'|https://[\w.*:-]+))*", re.ASCII)
_NAMESPACE = "[a-z0-9]+([_-][a-z0-9]+)*"
_NAMESPACES = re.compile(rf"{_NAMESPACE}(, *{_NAMESPACE})*", re.ASCII)
_LONGEST_LIST = 2000
"""A Lambda's whole environment has 4 KB."""
_DAYS = re.compile(r"\d{1,4}(, *\d{1,4})*")

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.pace import Pace
    from infra.people import OidcSettings

DEFAULT_INVOICE_SCHEDULE = "cron(5 * * * ? *)"
RUNBOOKS = "docs/runbooks"
"""Where the pages are unless `runbooksUrl` says where they are shown."""


@dataclass(frozen=True, slots=True)
class Domain:
    name: str
    certificate_arn: str
    hosted_zone_id: str | None
    hosted_zone_name: str | None


@dataclass(frozen=True, slots=True)
class PageSettings:
    """Where the pages are found, and who may embed the customer's (a source list of CSP's frame-ancestors).

    `has_firewall`: a stack in us-east-1 makes one; `web_acl_arn` puts that, or one of the account's, before them.
    """

    domain_name: str | None
    certificate_arn: str | None
    frame_ancestors: str
    has_firewall: bool
    web_acl_arn: str | None


@dataclass(frozen=True, slots=True)
class ExternalStores:
    """Endpoints of stores that exist already, and the names of the secrets that open them."""

    kafka_bootstrap_servers: str
    postgres_host: str
    postgres_port: str
    postgres_database: str
    postgres_sslmode: str
    postgres_owner_secret: str
    clickhouse_url: str
    clickhouse_database: str
    clickhouse_secret: str


@dataclass(frozen=True, slots=True)
class ClickHouseCloud:
    """A service of ClickHouse Cloud: its PrivateLink service name, its private host name, its secret."""

    private_link_service: str
    host: str
    secret: str


@dataclass(frozen=True, slots=True)
class ClickHouseNode:
    """Our own single node on EC2; `backups_kept` are days, and with none there are no backups."""

    instance_type: str
    volume_gib: int
    backups_kept: int


@dataclass(frozen=True, slots=True)
class AwsStores:
    """Sizes of the stores the app creates; capacities are Aurora units, volumes GiB."""

    kafka_brokers: int
    kafka_instance_type: str
    kafka_volume_gib: int
    kafka_retention_days: int
    aurora_min_acu: float
    aurora_max_acu: float
    aurora_readers: int
    clickhouse: ClickHouseCloud | ClickHouseNode
    pollers_inside: bool
    endpoint_zones: int


@dataclass(frozen=True, slots=True)
class ApplicationSettings:
    """What the application stack may vary; the same flags on both targets."""

    domain: Domain | None
    requests_per_second: int
    sink_min_pollers: int
    sink_max_pollers: int
    sink_window: int
    partitions: int
    invoice_schedule: str | None
    events_retention_days: int | None
    balance_thresholds: str | None
    balance_workers: int
    stripe_url: str | None
    dunning_retry_days: str | None
    dunning_give_up_days: int | None
    billing_locked_namespaces: str | None
    max_lines_per_collected_invoice: int | None
    mails_from: str | None
    webhook_local_hosts: str | None
    notifications_retention_days: int | None
    audit_retention_years: int
    pace: Pace
    oidc: OidcSettings | None


@dataclass(frozen=True, slots=True)
class Operations:
    """Who is told of alarms, and where their descriptions say that the runbooks are."""

    alarm_email: str | None
    runbooks: str


@dataclass(frozen=True, slots=True)
class Settings:
    target: Literal["aws", "local"]
    stores: AwsStores | ExternalStores
    application: ApplicationSettings
    pages: PageSettings
    operations: Operations


def read_settings(context: Mapping[str, object]) -> Settings:
    """Settings of one synthesis.

    Raises:
        ContextError: with every unknown, missing or out-of-range flag.
    """
    flags = Flags(context)
    profile = flags.choice("profile", tuple(profiles.PROFILES), profiles.DEFAULT)
    flags.fall_back_on(profiles.PROFILES[profile])
    flags.choice(environment.FLAG, tuple(environment.ENVIRONMENTS), environment.DEFAULT)
    target = flags.choice("target", ("aws", "local"), "aws")
    settings = Settings(
        target="local" if target == "local" else "aws",
        stores=_external_stores(flags) if target == "local" else _aws_stores(flags),
        application=_application(flags),
        pages=_pages(flags),
        operations=Operations(flags.optional("alarmEmail"), flags.optional("runbooksUrl") or RUNBOOKS),
    )
    flags.finish()
    return settings


def _application(flags: Flags) -> ApplicationSettings:
    schedule = flags.optional("invoiceSchedule") or DEFAULT_INVOICE_SCHEDULE
    low = flags.whole("sinkMinPollers", 1, 0, 200)
    pace = flags.choice("pace", ("minute", "hour"), "minute")
    kept, given_up = flags.optional("eventsRetentionDays"), flags.optional("dunningGiveUpDays")
    told = flags.optional("notificationsRetentionDays")
    return ApplicationSettings(
        domain=_domain(flags),
        requests_per_second=flags.whole("requestsPerSecond", 2000, 1, 100_000),
        sink_min_pollers=low,
        sink_max_pollers=flags.whole("sinkMaxPollers", max(4, low), max(1, low), 2000),
        sink_window=flags.whole("sinkWindow", 2, 1, 300),
        partitions=flags.whole("kafkaPartitions", 6, 1, 1000),
        invoice_schedule=None if schedule == "off" else schedule,
        events_retention_days=flags.whole("eventsRetentionDays", 1, 1, 36500) if kept else None,
        balance_thresholds=flags.written("balanceThresholds", _PERCENTAGES, "percentages such as 50,75,90,100"),
        balance_workers=flags.whole("balanceWorkers", 2, 2, 1000),
        stripe_url=flags.optional("stripeUrl"),
        dunning_retry_days=flags.written("dunningRetryDays", _DAYS, "whole days such as 1,3,5,7"),
        dunning_give_up_days=flags.whole("dunningGiveUpDays", 30, 0, 3650) if given_up else None,
        billing_locked_namespaces=_locked(flags),
        max_lines_per_collected_invoice=_most_lines(flags),
        mails_from=flags.written("notificationsEmailFrom", _MAIL_ADDRESS, "an address such as alerts@example.com"),
        webhook_local_hosts=_local_hosts(flags),
        notifications_retention_days=flags.whole("notificationsRetentionDays", 90, 1, 3650) if told else None,
        audit_retention_years=flags.whole("auditRetentionYears", 7, 1, 100),
        pace="hour" if pace == "hour" else "minute",
        oidc=read_oidc(flags),
    )


def _local_hosts(flags: Flags) -> str | None:
    """Hosts that webhooks may go to wherever they are: on a target in AWS they would open the inside of the VPC."""
    hosts = flags.optional("webhookLocalHosts")
    if hosts is not None and flags.optional("target") != "local":
        flags.fault("webhookLocalHosts is for the local target alone")
    return hosts


def _locked(flags: Flags) -> str | None:
    name = "billingLockedNamespaces"
    locked = flags.written(name, _NAMESPACES, "names of namespaces such as acme,initech")
    if locked is not None and len(locked) > _LONGEST_LIST:
        flags.fault(f"{name} has {len(locked)} characters, expected {_LONGEST_LIST} at most")
    return locked


def _most_lines(flags: Flags) -> int | None:
    name = "maxLinesPerCollectedInvoice"
    return flags.whole(name, 1000, 1, 100_000) if flags.optional(name) else None


def _domain(flags: Flags) -> Domain | None:
    name, certificate = flags.optional("domainName"), flags.optional("certificateArn")
    zone_id, zone_name = flags.optional("hostedZoneId"), flags.optional("hostedZoneName")
    if (name is None) != (certificate is None):
        flags.fault("domainName and certificateArn go together")
    if (zone_id is None) != (zone_name is None) or (zone_id and not name):
        flags.fault("hostedZoneId and hostedZoneName go together, with domainName")
    return Domain(name, certificate, zone_id, zone_name) if name and certificate else None


def _pages(flags: Flags) -> PageSettings:
    name, certificate = flags.optional("pageDomainName"), flags.optional("pageCertificateArn")
    if (name is None) != (certificate is None):
        flags.fault("pageDomainName and pageCertificateArn go together")
    ancestors = flags.optional("pageFrameAncestors") or "'none'"
    if not _ANCESTORS.fullmatch(ancestors):
        flags.fault(f"pageFrameAncestors is {ancestors!r}, expected 'self' or origins such as https://app.example.com")
    has_firewall = flags.choice("firewall", ("on", "off"), "off") == "on"
    return PageSettings(name, certificate, ancestors, has_firewall, flags.optional("webAclArn"))


def _external_stores(flags: Flags) -> ExternalStores:
    return ExternalStores(
        kafka_bootstrap_servers=flags.required("kafkaBootstrapServers"),
        postgres_host=flags.required("postgresHost"),
        postgres_port=flags.required("postgresPort"),
        postgres_database=flags.required("postgresDatabase"),
        postgres_sslmode=flags.required("postgresSslMode"),
        postgres_owner_secret=flags.required("postgresOwnerSecret"),
        clickhouse_url=flags.required("clickhouseUrl"),
        clickhouse_database=flags.required("clickhouseDatabase"),
        clickhouse_secret=flags.required("clickhouseSecret"),
    )


def _aws_stores(flags: Flags) -> AwsStores:
    """Sizes have no default of their own: every profile names each."""
    low = flags.number("auroraMinAcu", 0, 0, 256)
    return AwsStores(
        kafka_brokers=_brokers(flags),
        kafka_instance_type=flags.required("kafkaInstanceType"),
        kafka_volume_gib=flags.whole("kafkaVolumeGib", 1, 1, 16384),
        kafka_retention_days=flags.whole("kafkaRetentionDays", 7, 1, 90),
        aurora_min_acu=low,
        aurora_max_acu=flags.number("auroraMaxAcu", max(8, low), max(1, low), 256),
        clickhouse=_clickhouse(flags),
        aurora_readers=flags.whole("auroraReaders", 0, 0, 15),
        pollers_inside=flags.whole("sinkMinPollers", 1, 0, 200) == 0,
        endpoint_zones=flags.whole("endpointZones", 3, 1, 3),
    )


def _brokers(flags: Flags) -> int:
    brokers = flags.whole("kafkaBrokers", 3, 3, 30)
    if brokers % 3:
        flags.fault(f"kafkaBrokers is {brokers}, expected a multiple of three: as many in each zone")
    return brokers


def _clickhouse(flags: Flags) -> ClickHouseCloud | ClickHouseNode:
    if flags.choice("clickhouse", ("cloud", "ec2"), "ec2") == "cloud":
        return ClickHouseCloud(
            private_link_service=flags.required("clickhousePrivateLinkService"),
            host=flags.required("clickhouseHost"),
            secret=flags.required("clickhouseSecret"),
        )
    return ClickHouseNode(
        instance_type=flags.required("clickhouseInstanceType"),
        volume_gib=flags.whole("clickhouseVolumeGib", 20, 20, 65536),
        backups_kept=flags.whole("clickhouseBackupsKept", 7, 0, 400),
    )
