"""What a deployed function is described by."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from layers.catalogue import Layer


class Technology(StrEnum):
    """What a function talks to; each brings its layer, its environment and its grants, and nothing else does."""

    POSTGRES = "postgres"
    CLICKHOUSE = "clickhouse"
    KAFKA = "kafka"
    EVENTBRIDGE = "eventbridge"
    STEPFUNCTIONS = "stepfunctions"
    GENAI = "genai"
    """No service: the price list of language models, a package."""
    SECRETSMANAGER = "secretsmanager"
    """Credentials of apps, to be read."""
    SECRETSMANAGER_WRITER = "secretsmanager_writer"
    """The same, to be written and deleted."""
    CHANNEL_SECRETS = "channel_secrets"
    """Credentials of notification channels, to be read."""
    CHANNEL_SECRETS_WRITER = "channel_secrets_writer"
    """The same, to be written and deleted."""
    HTTPS = "https"
    """Receivers of webhooks, anywhere on the internet."""
    SES = "ses"
    """E-mail."""
    S3 = "s3"
    """Documents of invoices."""
    S3_ARCHIVE = "s3_archive"
    """The archive of events."""
    S3_ARCHIVE_ERASER = "s3_archive_eraser"
    """The same, with the right to destroy what is in it."""
    PDF = "pdf"
    """Drawing them: a layer, and nothing to talk to."""
    OIDC = "oidc"
    """Who issues people's tokens, on the internet, and the package that reads them."""
    STRIPE = "stripe"
    """Stripe's API, on the internet."""
    STRIPE_CONNECTOR = "stripe_connector"
    """Has Stripe send its events to our API, whose URL it is told."""


LAYER_OF = {
    Technology.POSTGRES: Layer.POSTGRES,
    Technology.CLICKHOUSE: Layer.CLICKHOUSE,
    Technology.KAFKA: Layer.KAFKA,
    Technology.STRIPE: Layer.PAYMENTS,
    Technology.GENAI: Layer.GENAI,
    Technology.PDF: Layer.PDF,
    Technology.OIDC: Layer.OIDC,
}


class Credential(StrEnum):
    """A secret beyond those of the technologies, named by the environment variable that carries its ARN."""

    API_KEY_PEPPER = "API_KEY_PEPPER_SECRET_ARN"
    BOOTSTRAP_API_KEY = "BOOTSTRAP_API_KEY_SECRET_ARN"
    POSTGRES_OWNER = "POSTGRES_OWNER_SECRET_ARN"


@dataclass(frozen=True, slots=True)
class FunctionSpec:
    """One folder of functions/: one Lambda, one role.

    `routes` are "METHOD /path" of the HTTP API, `rate` is a schedule expression of EventBridge Scheduler,
    `writes` are those of its credentials that it may change,
    `starts` is the workflow that STEPFUNCTIONS is for,
    `timeout` is in seconds, `memory` in MiB. `concurrency` reserves invocations: it is a cap as much as a promise.
    `open_because` says why its routes ask for no API key.
    `is_hot`: so many calls that Lambda's own log lines and X-Ray cost as much as the work; it writes a line of its own.
    """

    name: str
    technologies: tuple[Technology, ...] = ()
    credentials: tuple[Credential, ...] = ()
    writes: tuple[Credential, ...] = ()
    routes: tuple[str, ...] = ()
    rate: str | None = None
    timeout: int = 29
    memory: int = 512
    concurrency: int | None = None
    starts: str = ""
    open_because: str | None = None
    is_hot: bool = False

    @property
    def is_serving(self) -> bool:
        """Whether requests wait for it, so that its new code comes by degrees."""
        return bool(self.routes)

    @property
    def is_limited(self) -> bool:
        """Whether its requests are counted: those that bring a credential are."""
        return bool(self.routes) and self.open_because is None

    @property
    def calls_out(self) -> bool:
        """Whether it reaches beyond AWS."""
        return not {Technology.STRIPE, Technology.HTTPS, Technology.OIDC}.isdisjoint(self.technologies)


POSTGRES, CLICKHOUSE, KAFKA, EVENTBRIDGE, STEPFUNCTIONS, *_LATER = Technology
GENAI, SECRETSMANAGER, SECRETSMANAGER_WRITER, CHANNEL_SECRETS, CHANNEL_SECRETS_WRITER, *_LATEST = _LATER
HTTPS, SES, S3, S3_ARCHIVE, S3_ARCHIVE_ERASER, PDF, OIDC, STRIPE, STRIPE_CONNECTOR = _LATEST
