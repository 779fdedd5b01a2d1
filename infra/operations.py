"""What watches the deployment: alarms, one composite that tells people, a dashboard. AWS only."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from aws_cdk import Stack
from aws_cdk import aws_cloudwatch as cw
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_stepfunctions as sfn

from infra import balance_queue, delivery_queue, document_queue, notification_queue
from infra.alarms import Alarms
from infra.dashboard import Seen, draw
from infra.environment import environment_of, named, stack_name
from infra.function import pascal_case
from infra.watched import FIVE_MINUTES, HOUR, QUARTER_DAY, Watched, failures
from infra.workflow import workflow_name

if TYPE_CHECKING:
    from constructs import Construct

    from infra.application import ApplicationStack
    from infra.data_plane_aws import DataPlaneStack
    from infra.settings import AwsStores, Operations

_WORKFLOWS = {
    "InvoiceRun": ("invoice_run", "Customers stay unbilled until the next run succeeds"),
    "InvoiceLifecycle": ("invoice_lifecycle", "An invoice stays where it is until the next day's run takes it up"),
    "Backfill": ("backfill_meter", "A meter lacks earlier events until it is run again"),
    "Announcements": ("grant_announcements", "Nobody is told of grants that expired or recurred"),
    "CreditExpiry": ("credit_expiry", "The books still hold credit that has expired, which nobody can burn"),
    "BookAudit": ("book_audit", "Nobody has looked at all of the books since the last audit that succeeded"),
}
_QUEUES = {
    "Document": (document_queue.DEAD_LETTERS, "Issued invoices cannot be drawn"),
    "Balance": (balance_queue.DEAD_LETTERS, "Balances cannot be evaluated"),
    "Notification": (notification_queue.DEAD_LETTERS, "Rules cannot be held against what happened"),
    "Delivery": (delivery_queue.DEAD_LETTERS, "The sender fails again and again; what is due is sent by the minute"),
}


class OperationsStack(Stack):
    """Alarms say what breaks a promise: usage late or refused, a customer unbilled, a store running full."""

    def __init__(
        self,
        scope: Construct,
        *,
        data: DataPlaneStack,
        application: ApplicationStack,
        stores: AwsStores,
        settings: Operations,
    ) -> None:
        super().__init__(scope, stack_name(scope, "Operations"), description="Meterhouse: alarms and dashboard")
        self.add_stack_dependency(application)
        self._data = data
        self._api = application.api.api
        # By name, not by reference: an export that is in use would keep the application from dropping a function.
        self._functions = {
            name: lambda_.Function.from_function_name(self, f"{pascal_case(name)}Function", function.function_name)
            for name, function in application.functions.items()
        }
        self._machines = {
            name: sfn.StateMachine.from_state_machine_name(self, f"{name}Machine", workflow_name(self, workflow))
            for name, (workflow, _) in _WORKFLOWS.items()
        }
        self._watched = Watched(self)
        self._alarms = Alarms(self, settings.runbooks)
        self._watch_ingest()
        self._watch_conservation()
        self._watch_books()
        self._watch_those_who_wait()
        self._watch_functions()
        self._watch_stores(stores)
        self._notify(settings.alarm_email)
        cluster = data.relational_store.cluster
        draw(self, self._watched, self._alarms.all, Seen(self._api, self._functions, self._machines, cluster))

    def _watch_ingest(self) -> None:
        meaning = "Accepted usage waits longer than five minutes to be stored: queries and invoices wait with it"
        self._alarms.add("SinkLag", self._watched.sink_lag(), 300, periods=3, meaning=meaning)
        errors = self._api.metric_server_error(period=FIVE_MINUTES, statistic="Sum")
        meaning = "A request was answered 5xx; what a client sends never causes one"
        self._alarms.add("ApiServerErrors", errors, 0, meaning=meaning)

    def _watch_conservation(self) -> None:
        watched, add = self._watched, self._alarms.add
        unexplained = "UnexplainedEvents", watched.audited("EventsUnexplained")
        add(*unexplained, 0, meaning="Accepted events are nowhere, or more is stored than was accepted")
        # a day of periods, of which one holds what the daily audit found
        of_month = watched.audited("EventsUnexplained", by="audit_month", period=QUARTER_DAY)
        meaning = "As UnexplainedEvents, of the last 31 days"
        add("UnexplainedOfMonth", of_month, 0, periods=4, bad=1, meaning=meaning, page="unexplained-events")
        meaning = "An hour or a day is rolled up to what its values do not say"
        add("AstrayRollups", watched.audited("RollupsAstray", by="audit_rollups"), 0, meaning=meaning)
        meaning = "Accepted usage could not be stored; the dead-letter topic has it"
        add("DeadLetters", watched.audited("DeadLetters"), 0, meaning=meaning)
        refused = watched.audited("DeadLetterFlood", by="sink_events")
        meaning = "So much is unreadable that the sink refuses it instead of burying it: usage waits in the log"
        add("DeadLetterFlood", refused, 0, meaning=meaning)
        late = watched.audited("ArchiveLagSeconds", by="archive_events", period=HOUR)
        meaning = "Hours of events that were closed more than three hours ago are not archived"
        add("ArchiveLag", late, 3 * HOUR.to_seconds(), meaning=meaning)
        told = watched.audited("EventsAccepted", period=QUARTER_DAY, statistic="SampleCount")
        meaning = "The audit of events has told nothing for hours: what it would find, nobody knows"
        add("AuditSilent", told, 1, meaning=meaning, rings_below=True)

    def _watch_books(self) -> None:
        for name, metric, meaning in (
            ("BrokenBooks", "FindingsOpen", "Books or invoices are not what they must be, and wait"),
            ("LedgerSum", "LedgerFindingsOpen", "A transaction does not sum to zero, or a balance is not its entries"),
            ("StuckInvoices", "InvoicesStuck", "Invoices stand in a step that failed or waits, for more than two days"),
        ):
            found = self._watched.audited(metric, by="audit_books", period=QUARTER_DAY)
            self._alarms.add(name, found, 0, periods=4, bad=1, meaning=meaning)

    def _watch_those_who_wait(self) -> None:
        for name, (queue, meaning) in _QUEUES.items():
            dead = self._watched.queue(queue, "ApproximateNumberOfMessagesVisible")
            self._alarms.add(f"{name}DeadLetters", dead, 0, meaning=meaning, page="queue-dead-letters")
        waiting = self._watched.queue(balance_queue.QUEUE, "ApproximateAgeOfOldestMessage")
        meaning = "Thresholds and balance snapshots are told more than a quarter of an hour late"
        self._alarms.add("BalanceLag", waiting, 900, periods=3, meaning=meaning)
        late = self._watched.audited("ChannelsLate", by="deliver_webhook")
        meaning = "Messages are due for more than five minutes and had no turn: the sender stands or is too slow"
        self._alarms.add("WebhookBacklog", late, 0, periods=3, meaning=meaning)

    def _watch_functions(self) -> None:
        page = "function-failing"
        if environment_of(self).watches_each_function:
            for name, function in self._functions.items():
                failing = cw.MathExpression(
                    expression="errors + throttles",
                    label=name,
                    period=FIVE_MINUTES,
                    using_metrics={
                        "errors": function.metric_errors(period=FIVE_MINUTES),
                        "throttles": function.metric_throttles(period=FIVE_MINUTES),
                    },
                )
                meaning = f"{name} fails or is throttled"
                self._alarms.add(pascal_case(name), failing, 0, periods=2, meaning=meaning, page=page)
        else:
            errors = cw.Metric(namespace="AWS/Lambda", metric_name="Errors", statistic="Sum", period=FIVE_MINUTES)
            meaning = "Functions of this account and region fail"
            self._alarms.add("Functions", errors, 0, periods=2, meaning=meaning, page=page)
        for name, (_, meaning) in _WORKFLOWS.items():
            page = "invoice-run" if name == "InvoiceRun" else "workflow-failing"
            self._alarms.add(name, failures(self._machines[name]), 0, meaning=meaning, page=page)

    def _watch_stores(self, stores: AwsStores) -> None:
        cluster = self._data.relational_store.cluster
        for name, metric in (
            ("AuroraCpu", cluster.metric_cpu_utilization(period=FIVE_MINUTES)),
            ("AuroraCapacity", cluster.metric_acu_utilization(period=FIVE_MINUTES)),
        ):
            self._alarms.add(name, metric, 85, periods=3, meaning="Aurora is near its limit", page="aurora-load")
        for broker in range(1, stores.kafka_brokers + 1):
            used = self._watched.kafka("KafkaDataLogsDiskUsed", {"Broker ID": str(broker)}, "Maximum")
            meaning = "A full broker refuses events"
            self._alarms.add(f"Broker{broker}Disk", used, 75, meaning=meaning, page="broker-disk")

    def _notify(self, email: str | None) -> None:
        """One message when anything starts to break, not one for every consequence of it."""
        key = kms.Key(self, "Key", description="Meterhouse: alarm messages", enable_key_rotation=True)
        key.grant_encrypt_decrypt(cast("iam.IGrantable", iam.ServicePrincipal("cloudwatch.amazonaws.com")))
        name = named(self, "meterhouse-alarms")
        topic = sns.Topic(self, "Alarms", topic_name=name, master_key=key, enforce_ssl=True)
        if email:
            topic.add_subscription(cast("sns.ITopicSubscription", subscriptions.EmailSubscription(email)))
        composite = cw.CompositeAlarm(
            self,
            "Anything",
            composite_alarm_name=named(self, "meterhouse"),
            alarm_description="Some alarm of Meterhouse is ringing; its own description names the page",
            alarm_rule=cw.AlarmRule.any_of(*self._alarms.all),
        )
        notice = cast("cw.IAlarmAction", actions.SnsAction(topic))
        composite.add_alarm_action(notice)
        composite.add_ok_action(notice)
