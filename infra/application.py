"""The application stack: identical on AWS and on the local stack, only the data plane's endpoints differ."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_events as events

from infra.archive import Archive
from infra.backfill import Backfill
from infra.balance_queue import THRESHOLDS, balances
from infra.capabilities import Capabilities
from infra.data_plane import DataPlane
from infra.data_plane_external import external_data_plane
from infra.delivery_queue import deliveries
from infra.document_queue import documents
from infra.environment import named, stack_name
from infra.event_queue import EventQueue
from infra.function import MeterhouseFunction
from infra.function_spec import (
    CHANNEL_SECRETS,
    CHANNEL_SECRETS_WRITER,
    S3_ARCHIVE,
    S3_ARCHIVE_ERASER,
    SECRETSMANAGER,
    SECRETSMANAGER_WRITER,
)
from infra.functions import BALANCE_WORKER, DOCUMENT_WORKER, FUNCTIONS, MIGRATION
from infra.functions_of_access import AUTHORIZER
from infra.functions_of_archive import REBUILD
from infra.functions_of_notifications import CALLS_RECEIVERS, FORGETS, RULES_WORKER, SENDER
from infra.gradual import GradualShift
from infra.http_api import MeterhouseApi
from infra.invoice_documents import InvoiceDocuments
from infra.layers import Layers
from infra.limits import LimitsTable
from infra.migration import PARTITIONS, RETENTION, migration
from infra.notification_queue import notifications
from infra.schedules import (
    AUDIT_SCHEDULE,
    CREDIT_EXPIRY_SCHEDULE,
    GRANT_SCHEDULE,
    INVOICE_RUN_INPUT,
    ScheduledWorkflow,
    Schedules,
)
from infra.secrets import APPS_PREFIX, CHANNELS_PREFIX, ApplicationSecrets, accept_secrets_of_callers
from infra.settings import DEFAULT_INVOICE_SCHEDULE
from infra.sink_mapping import SinkMapping
from infra.workflow import Workflow, workflow_arn
from infra.workflow_tasks import COLLECTS, DUNNING, INVOICE_RUN_SIZES, WRITES_BILLING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs import Construct

    from infra.settings import ApplicationSettings, ExternalStores
    from layers.build import BuiltLayer
    from layers.catalogue import Layer

_OF_CALLERS = {
    APPS_PREFIX: {SECRETSMANAGER, SECRETSMANAGER_WRITER},
    CHANNELS_PREFIX: {CHANNEL_SECRETS, CHANNEL_SECRETS_WRITER},
}
"""Who reads or writes secrets that callers bring, by what their names begin with."""


class ApplicationStack(Stack):
    """Functions, API, event source mapping, workflow, schedules, secrets and the migration that precedes them."""

    def __init__(
        self,
        scope: Construct,
        *,
        settings: ApplicationSettings,
        plane: DataPlane | ExternalStores,
        layers: Mapping[Layer, BuiltLayer],
    ) -> None:
        super().__init__(
            scope, stack_name(scope, "Application"), description="Meterhouse: API, functions and workflows"
        )
        stores = plane if isinstance(plane, DataPlane) else external_data_plane(self, plane)
        self.bus = events.EventBus(self, "EventBus", event_bus_name=named(self, "meterhouse"))
        self.secrets = ApplicationSecrets(self, stores.postgres.owner.secret)
        self.documents = InvoiceDocuments(self)
        self.limits = LimitsTable(self)
        self.archive = Archive(self)
        self.api = MeterhouseApi(self, settings.domain, settings.requests_per_second)
        self.functions = self._functions(stores, Layers(self, layers), settings)
        self.invoice_run = Workflow(self, "invoice_run", self.functions, hours=6, is_distributed=True)
        self.invoice_lifecycle = Workflow(self, "invoice_lifecycle", self.functions, hours=4320)
        self.announcements = Workflow(self, "grant_announcements", self.functions, hours=1)
        self.backtest = Workflow(self, "backtest", self.functions, hours=2, is_distributed=True)
        self.credit_expiry = Workflow(self, "credit_expiry", self.functions, hours=1)
        self.book_audit = Workflow(self, "book_audit", self.functions, hours=6)
        self.backfill = Backfill(self, self.functions, self.bus)
        self.sink_mapping = SinkMapping(self, self.functions["sink_events"], stores.kafka, settings)
        worker = self.functions[BALANCE_WORKER.name]
        moving = balances(BALANCE_WORKER.timeout, settings.balance_workers)
        self.balance_queue = EventQueue(self, "BalanceQueue", moving, worker, self.bus)
        drawing, final = self.functions[DOCUMENT_WORKER.name], documents(DOCUMENT_WORKER.timeout)
        self.document_queue = EventQueue(self, "DocumentQueue", final, drawing, self.bus)
        rules, heard = self.functions[RULES_WORKER.name], notifications(RULES_WORKER.timeout)
        self.notification_queue = EventQueue(self, "NotificationQueue", heard, rules, self.bus)
        sending, due = self.functions[SENDER.name], deliveries(SENDER.timeout)
        self.delivery_queue = EventQueue(self, "DeliveryQueue", due, sending, self.bus)
        if isinstance(plane, DataPlane):
            GradualShift(self, {spec.name: self.functions[spec.name] for spec in FUNCTIONS if spec.is_serving})
        self.schedules = Schedules(self, self.functions, self._workflows(settings), settings.pace)
        self._migrate_first(settings)
        self._outputs()

    def _functions(
        self, plane: DataPlane, layers: Layers, settings: ApplicationSettings
    ) -> dict[str, MeterhouseFunction]:
        capabilities = Capabilities(
            plane,
            self.bus,
            self.secrets,
            partial(workflow_arn, self),
            self.documents,
            self.limits,
            self.archive,
            api_url=self.api.public_url,
            stripe_url=settings.stripe_url,
            mails_from=settings.mails_from,
        )
        chosen = _chosen(settings)
        made = {}
        for spec in FUNCTIONS:
            capability = capabilities.of(spec)
            made[spec.name] = MeterhouseFunction(
                self,
                spec.name,
                layers=layers.of(spec),
                environment={**capability.environment, **chosen.get(spec.name, {})},
                grants=capability.grants,
                network=plane.network,
                calls_out=spec.calls_out,
                timeout=spec.timeout,
                memory=spec.memory,
                reserved_concurrency=spec.concurrency,
                is_hot=spec.is_hot,
            )
            for prefix, technologies in _OF_CALLERS.items():
                if technologies & set(spec.technologies):
                    accept_secrets_of_callers(made[spec.name], prefix)
        self.documents.accept_objects(made[DOCUMENT_WORKER.name])
        for spec in FUNCTIONS:
            if not {S3_ARCHIVE, S3_ARCHIVE_ERASER}.isdisjoint(spec.technologies):
                self.archive.accept_objects(made[spec.name])
        return made

    def _workflows(self, settings: ApplicationSettings) -> list[ScheduledWorkflow]:
        schedule, invoice_run = settings.invoice_schedule, self.invoice_run.state_machine
        expression, is_enabled = schedule or DEFAULT_INVOICE_SCHEDULE, schedule is not None
        return [
            ScheduledWorkflow("invoice_run", invoice_run, expression, INVOICE_RUN_INPUT, is_enabled),
            ScheduledWorkflow("grant_announcements", self.announcements.state_machine, GRANT_SCHEDULE),
            ScheduledWorkflow("credit_expiry", self.credit_expiry.state_machine, CREDIT_EXPIRY_SCHEDULE),
            ScheduledWorkflow("book_audit", self.book_audit.state_machine, AUDIT_SCHEDULE),
        ]

    def _migrate_first(self, settings: ApplicationSettings) -> None:
        """New code meets migrated tables; old code has to bear them for the minute in between (expand, contract)."""
        migrated = migration(self, self.functions[MIGRATION.name], settings.events_retention_days)
        for name, function in self.functions.items():
            if name != MIGRATION.name:
                function.depends_on(migrated)
        queues = (self.balance_queue, self.document_queue, self.notification_queue, self.delivery_queue)
        for construct in (self.sink_mapping, self.schedules, self.backfill.rule, *queues, self.api.stage):
            construct.node.add_dependency(migrated)

    def _outputs(self) -> None:
        for name, value in (
            ("ApiEndpoint", self.api.endpoint),
            ("InvoiceRunArn", self.invoice_run.state_machine.state_machine_arn),
            ("BootstrapApiKeySecretArn", self.secrets.bootstrap_api_key.secret_arn),
            ("EventBusName", self.bus.event_bus_name),
        ):
            CfnOutput(self, name, value=value)


def _chosen(settings: ApplicationSettings) -> dict[str, dict[str, str]]:
    """The variables that the deployment's flags give, by function."""
    days, thresholds = settings.events_retention_days, settings.balance_thresholds
    hosts, told = settings.webhook_local_hosts, settings.notifications_retention_days
    return {
        REBUILD.name: {} if days is None else {RETENTION: str(days)},
        MIGRATION.name: {PARTITIONS: str(settings.partitions), **({} if days is None else {RETENTION: str(days)})},
        BALANCE_WORKER.name: {} if thresholds is None else {THRESHOLDS: thresholds},
        FORGETS.name: {
            "AUDIT_RETENTION_YEARS": str(settings.audit_retention_years),
            **({} if told is None else {"NOTIFICATION_RETENTION_DAYS": str(told)}),
        },
        AUTHORIZER.name: {} if settings.oidc is None else dict(settings.oidc.environment()),
        "list_customer_batches": INVOICE_RUN_SIZES,
        **{name: _of_billing(name, settings) for name in {*DUNNING, *WRITES_BILLING}},
        **({} if hosts is None else {key: {"WEBHOOK_LOCAL_HOSTS": hosts} for key in CALLS_RECEIVERS}),
    }


def _of_billing(name: str, settings: ApplicationSettings) -> dict[str, str]:
    locked = settings.billing_locked_namespaces if name in WRITES_BILLING else None
    most_lines = settings.max_lines_per_collected_invoice if name in COLLECTS else None
    return {
        **(_dunning(settings) if name in DUNNING else {}),
        **({} if locked is None else {"BILLING_LOCKED_NAMESPACES": locked}),
        **({} if most_lines is None else {"MAX_LINES_PER_COLLECTED_INVOICE": str(most_lines)}),
    }


def _dunning(settings: ApplicationSettings) -> dict[str, str]:
    retry, give_up = settings.dunning_retry_days, settings.dunning_give_up_days
    return {
        **({} if retry is None else {"DUNNING_RETRY_DAYS": retry}),
        **({} if give_up is None else {"DUNNING_GIVE_UP_DAYS": str(give_up)}),
    }
