"""What a technology brings to the functions that use it: environment and grants, and nothing else grants them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_cdk import Stack
from aws_cdk import aws_iam as iam

from infra.archive import BUCKET as ARCHIVE_BUCKET
from infra.data_plane import Credentials
from infra.function_spec import Technology
from infra.invoice_documents import BUCKET
from infra.limits import TABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aws_cdk import aws_events as events
    from constructs import Construct

    from infra.archive import Archive
    from infra.data_plane import ClickHouse, DataPlane, Kafka, Postgres
    from infra.function_spec import FunctionSpec
    from infra.invoice_documents import InvoiceDocuments
    from infra.limits import LimitsTable
    from infra.secrets import ApplicationSecrets

EVENTS_TOPIC = "meterhouse.events"
DEAD_LETTER_TOPIC = "meterhouse.events.dead-letter"
CONSUMER_GROUP = "meterhouse-sink"


@dataclass(frozen=True, slots=True)
class Capability:
    environment: Mapping[str, str]
    grants: tuple[iam.PolicyStatement, ...]


class Capabilities:
    """The capabilities of one deployment, by technology and credential."""

    def __init__(
        self,
        plane: DataPlane,
        bus: events.IEventBus,
        secrets: ApplicationSecrets,
        workflow_arn: Callable[[str], str],
        documents: InvoiceDocuments,
        limits: LimitsTable,
        archive: Archive,
        *,
        api_url: str,
        stripe_url: str | None,
        mails_from: str | None,
    ) -> None:
        self._workflow_arn = workflow_arn
        apps = {"APP_SECRETS_PREFIX": secrets.apps_prefix}
        channels = {"CHANNEL_SECRETS_PREFIX": secrets.channels_prefix}
        self._by_technology = {
            Technology.POSTGRES: _postgres(plane.postgres, Credentials(secrets.app_role)),
            Technology.CLICKHOUSE: _clickhouse(plane.clickhouse),
            Technology.KAFKA: _kafka(plane.kafka),
            Technology.EVENTBRIDGE: _eventbridge(bus),
            Technology.GENAI: Capability({}, ()),
            Technology.SECRETSMANAGER: _read(apps, secrets.of_apps),
            Technology.SECRETSMANAGER_WRITER: _written(apps, secrets.of_apps),
            Technology.CHANNEL_SECRETS: _read(channels, secrets.of_channels),
            Technology.CHANNEL_SECRETS_WRITER: _written(channels, secrets.of_channels),
            Technology.STRIPE: Capability({} if stripe_url is None else {"STRIPE_API_BASE": stripe_url}, ()),
            Technology.STRIPE_CONNECTOR: Capability({"API_URL": api_url}, ()),
            Technology.HTTPS: Capability({}, ()),
            Technology.SES: _ses(mails_from, documents),
            Technology.S3: Capability({BUCKET: documents.bucket.bucket_name}, documents.grants()),
            Technology.S3_ARCHIVE: Capability({ARCHIVE_BUCKET: archive.bucket.bucket_name}, archive.grants()),
            Technology.S3_ARCHIVE_ERASER: Capability(
                {ARCHIVE_BUCKET: archive.bucket.bucket_name}, archive.eraser_grants()
            ),
            Technology.PDF: Capability({}, ()),
            Technology.OIDC: Capability({}, ()),
        }
        self._limits = Capability({TABLE: limits.table.table_name}, (limits.grant,))
        owner = plane.postgres.owner
        self._by_credential = {
            credential: Credentials(secret, owner.key if secret is owner.secret else None)
            for credential, secret in secrets.by_credential.items()
        }

    def of(self, spec: FunctionSpec) -> Capability:
        """The environment and grants of one function."""
        parts = [self._of(technology, spec) for technology in spec.technologies]
        for credential in spec.credentials:
            kept = self._by_credential[credential]
            parts.append(Capability({credential.value: kept.secret.secret_arn}, _reads(kept)))
            if credential in spec.writes:
                parts.append(Capability({}, (_changes(kept),)))
        if spec.is_limited:
            parts.append(self._limits)
        environment = {name: value for part in parts for name, value in part.environment.items()}
        return Capability(environment, tuple(grant for part in parts for grant in part.grants))

    def _of(self, technology: Technology, spec: FunctionSpec) -> Capability:
        if technology is Technology.STEPFUNCTIONS:
            return _stepfunctions(spec.starts, self._workflow_arn(spec.starts))
        return self._by_technology[technology]


def _postgres(postgres: Postgres, role: Credentials) -> Capability:
    return Capability(
        {
            "POSTGRES_HOST": postgres.host,
            "POSTGRES_PORT": postgres.port,
            "POSTGRES_DATABASE": postgres.database,
            "POSTGRES_SSLMODE": postgres.sslmode,
            "POSTGRES_SECRET_ARN": role.secret.secret_arn,
        },
        _reads(role),
    )


def _clickhouse(clickhouse: ClickHouse) -> Capability:
    return Capability(
        {
            "CLICKHOUSE_URL": clickhouse.url,
            "CLICKHOUSE_DATABASE": clickhouse.database,
            "CLICKHOUSE_SECRET_ARN": clickhouse.credentials.secret.secret_arn,
        },
        _reads(clickhouse.credentials),
    )


def _kafka(kafka: Kafka) -> Capability:
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "KAFKA_SECURITY_PROTOCOL": "SASL_SSL" if kafka.credentials else "PLAINTEXT",
        "KAFKA_EVENTS_TOPIC": EVENTS_TOPIC,
        "KAFKA_DEAD_LETTER_TOPIC": DEAD_LETTER_TOPIC,
        "KAFKA_CONSUMER_GROUP": CONSUMER_GROUP,
    }
    if kafka.credentials is None:
        return Capability(environment, ())
    environment["KAFKA_SECRET_ARN"] = kafka.credentials.secret.secret_arn
    return Capability(environment, _reads(kafka.credentials))


def _eventbridge(bus: events.IEventBus) -> Capability:
    grant = iam.PolicyStatement(actions=["events:PutEvents"], resources=[bus.event_bus_arn])
    return Capability({"EVENT_BUS_NAME": bus.event_bus_name}, (grant,))


def _stepfunctions(workflow: str, arn: str) -> Capability:
    grant = iam.PolicyStatement(actions=["states:StartExecution"], resources=[arn])
    return Capability({f"{workflow.upper()}_WORKFLOW_ARN": arn}, (grant,))


def _ses(mails_from: str | None, scope: Construct) -> Capability:
    """Mail from one address, whether it or its domain is what SES knows; from none without the flag."""
    if mails_from is None:
        return Capability({}, ())
    identities = [
        Stack.of(scope).format_arn(service="ses", resource="identity", resource_name=name)
        for name in (mails_from, mails_from.partition("@")[2])
    ]
    grant = iam.PolicyStatement(
        actions=["ses:SendEmail"],
        resources=identities,
        conditions={"StringEquals": {"ses:FromAddress": mails_from}},
    )
    return Capability({"NOTIFICATIONS_EMAIL_FROM": mails_from}, (grant,))


def _read(prefix: Mapping[str, str], resource: str) -> Capability:
    grant = iam.PolicyStatement(actions=["secretsmanager:GetSecretValue"], resources=[resource])
    return Capability(prefix, (grant,))


def _written(prefix: Mapping[str, str], resource: str) -> Capability:
    actions = [f"secretsmanager:{call}" for call in ("CreateSecret", "PutSecretValue", "DeleteSecret")]
    return Capability(prefix, (iam.PolicyStatement(actions=actions, resources=[resource]),))


def _reads(credentials: Credentials) -> tuple[iam.PolicyStatement, ...]:
    """Statements on the role, not grants on the secret: those would write into the key policy of another stack."""
    secret = iam.PolicyStatement(actions=["secretsmanager:GetSecretValue"], resources=[_whole_arn(credentials)])
    if credentials.key is None:
        return (secret,)
    return (secret, iam.PolicyStatement(actions=["kms:Decrypt"], resources=[credentials.key.key_arn]))


def _changes(credentials: Credentials) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=["secretsmanager:PutSecretValue"], resources=[_whole_arn(credentials)])


def _whole_arn(credentials: Credentials) -> str:
    """A secret imported by name has an ARN without the six characters Secrets Manager appends."""
    full = credentials.secret.secret_full_arn
    return full or f"{credentials.secret.secret_arn}-??????"
