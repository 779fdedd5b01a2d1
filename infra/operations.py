"""What watches the deployment: alarms, one composite that tells people, a dashboard. AWS only."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cw
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_stepfunctions as sfn

from infra import balance_queue, delivery_queue, invoice_documents, notification_queue
from infra.capabilities import CONSUMER_GROUP, EVENTS_TOPIC
from infra.environment import environment_of, named, stack_name
from infra.function import pascal_case
from infra.workflow import workflow_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs import Construct

    from infra.application import ApplicationStack
    from infra.data_plane_aws import DataPlaneStack
    from infra.settings import AwsStores

MINUTE, FIVE_MINUTES, QUARTER_DAY = Duration.minutes(1), Duration.minutes(5), Duration.hours(6)
WHERE_EVENTS_ARE = ("Accepted", "Counted", "Unmatched", "Invalid", "Duplicate", "Conflicting", "Dead", "Pending")


class OperationsStack(Stack):
    """Alarms say what breaks a promise: usage late or refused, a customer unbilled, a store running full."""

    def __init__(
        self,
        scope: Construct,
        *,
        data: DataPlaneStack,
        application: ApplicationStack,
        stores: AwsStores,
        alarm_email: str | None,
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
        self._invoice_run = sfn.StateMachine.from_state_machine_name(
            self, "InvoiceRunMachine", workflow_name(self, "invoice_run")
        )
        self._invoice_lifecycle = sfn.StateMachine.from_state_machine_name(
            self, "InvoiceLifecycleMachine", workflow_name(self, "invoice_lifecycle")
        )
        self._backfill = sfn.StateMachine.from_state_machine_name(
            self, "BackfillMachine", workflow_name(self, "backfill_meter")
        )
        self._announcements = sfn.StateMachine.from_state_machine_name(
            self, "AnnouncementsMachine", workflow_name(self, "grant_announcements")
        )
        self._credit_expiry = sfn.StateMachine.from_state_machine_name(
            self, "CreditExpiryMachine", workflow_name(self, "credit_expiry")
        )
        self._book_audit = sfn.StateMachine.from_state_machine_name(
            self, "BookAuditMachine", workflow_name(self, "book_audit")
        )
        self._alarms: list[cw.Alarm] = []
        self._watch_ingest()
        self._watch_conservation()
        self._watch_balances()
        self._watch_notifications()
        self._watch_documents()
        self._watch_functions()
        self._watch_workflows()
        self._watch_stores(stores)
        self._notify(alarm_email)
        self._draw_dashboard()

    def _alarm(
        self,
        construct_id: str,
        metric: cw.IMetric,
        threshold: float,
        *,
        periods: int = 1,
        bad: int | None = None,
        meaning: str,
    ) -> None:
        """Rings when the metric is above the threshold in `bad` of the last periods, else in all of them."""
        alarm = cw.Alarm(
            self,
            construct_id,
            alarm_name=named(self, f"meterhouse-{construct_id}"),
            alarm_description=meaning,
            metric=metric,
            threshold=threshold,
            evaluation_periods=periods,
            datapoints_to_alarm=bad,
            comparison_operator=cw.ComparisonOperator.GREATER_THAN_THRESHOLD,
            treat_missing_data=cw.TreatMissingData.NOT_BREACHING,
        )
        self._alarms.append(alarm)

    def _watch_ingest(self) -> None:
        self._alarm(
            "SinkLag",
            self._sink_lag(),
            300,
            periods=3,
            meaning="Accepted usage waits longer than five minutes to be stored: queries and invoices wait with it",
        )
        self._alarm(
            "ApiServerErrors",
            self._api.metric_server_error(period=FIVE_MINUTES, statistic="Sum"),
            0,
            meaning="A request was answered 5xx; what a client sends never causes one",
        )

    def _watch_conservation(self) -> None:
        self._alarm(
            "UnexplainedEvents",
            self._audited("EventsUnexplained"),
            0,
            meaning="Accepted events are nowhere, or more is stored than was accepted: GET /api/v1/debug/conservation",
        )
        # a day of periods, of which one holds what the daily audit found
        self._alarm(
            "UnexplainedOfMonth",
            self._audited("EventsUnexplained", by="audit_month", period=QUARTER_DAY),
            0,
            periods=4,
            bad=1,
            meaning="As UnexplainedEvents, of the last 31 days: GET /api/v1/debug/conservation?from=…",
        )
        self._alarm(
            "AstrayRollups",
            self._audited("RollupsAstray", by="audit_rollups"),
            0,
            meaning="An hour or a day is rolled up to what its values do not say; the audit's log names meter and span",
        )
        self._alarm(
            "BrokenBooks",
            self._audited("FindingsOpen", by="audit_books", period=QUARTER_DAY),
            0,
            periods=4,
            bad=1,
            meaning="Books or invoices are not what they must be, and wait: GET /api/v1/billing/audit-findings",
        )
        self._alarm(
            "DeadLetters",
            self._audited("DeadLetters"),
            0,
            meaning="Accepted usage could not be stored; the dead-letter topic has it: GET /api/v1/debug/dead-letters",
        )

    def _watch_documents(self) -> None:
        dead = self._queue(invoice_documents.DEAD_LETTERS, "ApproximateNumberOfMessagesVisible")
        self._alarm(
            "DocumentDeadLetters", dead, 0, meaning="Issued invoices that cannot be drawn; redrive once they can"
        )

    def _watch_balances(self) -> None:
        dead = self._queue(balance_queue.DEAD_LETTERS, "ApproximateNumberOfMessagesVisible")
        self._alarm("BalanceDeadLetters", dead, 0, meaning="Balances that cannot be evaluated; redrive once they can")
        waiting = self._queue(balance_queue.QUEUE, "ApproximateAgeOfOldestMessage")
        meaning = "Thresholds and balance snapshots are told more than a quarter of an hour late"
        self._alarm("BalanceLag", waiting, 900, periods=3, meaning=meaning)

    def _watch_notifications(self) -> None:
        dead = self._queue(notification_queue.DEAD_LETTERS, "ApproximateNumberOfMessagesVisible")
        meaning = "Rules cannot be held against what happened; redrive once they can"
        self._alarm("NotificationDeadLetters", dead, 0, meaning=meaning)
        dead = self._queue(delivery_queue.DEAD_LETTERS, "ApproximateNumberOfMessagesVisible")
        meaning = "The sender of messages fails again and again; what is due is still sent by the minute"
        self._alarm("DeliveryDeadLetters", dead, 0, meaning=meaning)
        late = self._audited("ChannelsLate", by="deliver_webhook")
        meaning = "Messages are due for more than five minutes and had no turn: the sender stands or is too slow"
        self._alarm("WebhookBacklog", late, 0, periods=3, meaning=meaning)

    def _watch_functions(self) -> None:
        if not environment_of(self).watches_each_function:
            failing = cw.Metric(
                namespace="AWS/Lambda", metric_name="Errors", statistic="Sum", period=FIVE_MINUTES, dimensions_map={}
            )
            self._alarm("Functions", failing, 0, periods=2, meaning="Functions of this account and region fail")
            return
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
            self._alarm(pascal_case(name), failing, 0, periods=2, meaning=f"{name} fails or is throttled")

    def _watch_workflows(self) -> None:
        invoices, backfills = self._invoice_run, self._backfill
        self._alarm("InvoiceRun", _failures(invoices), 0, meaning="Customers stay unbilled until the next run succeeds")
        meaning = "An invoice stays where it is until the next day's run takes it up; its execution names it"
        self._alarm("InvoiceLifecycle", _failures(self._invoice_lifecycle), 0, meaning=meaning)
        self._alarm("Backfill", _failures(backfills), 0, meaning="A meter lacks earlier events until it is run again")
        meaning = "Nobody is told of grants that expired or recurred until the next run succeeds"
        self._alarm("Announcements", _failures(self._announcements), 0, meaning=meaning)
        meaning = "The books still hold credit that has expired, which nobody can burn"
        self._alarm("CreditExpiry", _failures(self._credit_expiry), 0, meaning=meaning)
        meaning = "Nobody has looked at all of the books since the last audit that succeeded"
        self._alarm("BookAudit", _failures(self._book_audit), 0, meaning=meaning)

    def _watch_stores(self, stores: AwsStores) -> None:
        cluster = self._data.relational_store.cluster
        for name, metric in (
            ("AuroraCpu", cluster.metric_cpu_utilization(period=FIVE_MINUTES)),
            ("AuroraCapacity", cluster.metric_acu_utilization(period=FIVE_MINUTES)),
        ):
            self._alarm(name, metric, 85, periods=3, meaning="Aurora is near its limit: raise auroraMaxAcu")
        for broker in range(1, stores.kafka_brokers + 1):
            used = self._kafka("KafkaDataLogsDiskUsed", {"Broker ID": str(broker)}, "Maximum")
            self._alarm(f"Broker{broker}Disk", used, 75, meaning="A full broker refuses events: raise kafkaVolumeGib")

    def _sink_lag(self) -> cw.Metric:
        """Seconds the oldest unread event waits."""
        group = {"Consumer Group": CONSUMER_GROUP, "Topic": EVENTS_TOPIC}
        return self._kafka("EstimatedMaxTimeLag", group, "Maximum")

    def _kafka(self, name: str, dimensions: Mapping[str, str], statistic: str) -> cw.Metric:
        return cw.Metric(
            namespace="AWS/Kafka",
            metric_name=name,
            dimensions_map={"Cluster Name": named(self, "meterhouse"), **dimensions},
            statistic=statistic,
            period=MINUTE,
        )

    def _queue(self, name: str, metric: str) -> cw.Metric:
        return cw.Metric(
            namespace="AWS/SQS",
            metric_name=metric,
            dimensions_map={"QueueName": named(self, name)},
            statistic="Maximum",
            period=FIVE_MINUTES,
        )

    def _audited(self, name: str, *, by: str = "audit_events", period: Duration = FIVE_MINUTES) -> cw.Metric:
        """What an audit finds, in all namespaces: each run tells it anew, so a sum over runs would mean nothing."""
        return cw.Metric(
            namespace=environment_of(self).pascal,
            metric_name=name,
            dimensions_map={"service": by},
            statistic="Maximum",
            period=period,
        )

    def _notify(self, email: str | None) -> None:
        """One message when anything starts to break, not one for every consequence of it."""
        key = kms.Key(self, "Key", description="Meterhouse: alarm messages", enable_key_rotation=True)
        key.grant_encrypt_decrypt(cast("iam.IGrantable", iam.ServicePrincipal("cloudwatch.amazonaws.com")))
        topic = sns.Topic(self, "Alarms", topic_name=named(self, "meterhouse-alarms"), master_key=key, enforce_ssl=True)
        if email:
            topic.add_subscription(cast("sns.ITopicSubscription", subscriptions.EmailSubscription(email)))
        composite = cw.CompositeAlarm(
            self,
            "Anything",
            composite_alarm_name=named(self, "meterhouse"),
            alarm_description="Some alarm of Meterhouse is ringing",
            alarm_rule=cw.AlarmRule.any_of(*self._alarms),
        )
        notice = cast("cw.IAlarmAction", actions.SnsAction(topic))
        composite.add_alarm_action(notice)
        composite.add_ok_action(notice)

    def _draw_dashboard(self) -> None:
        functions, api = self._functions, self._api
        machine, cluster = self._invoice_run, self._data.relational_store.cluster
        ingest, sink = functions["ingest_events"], functions["sink_events"]
        rows: list[list[tuple[str, list[cw.IMetric]]]] = [
            [
                ("Requests", [api.metric_count(), api.metric_client_error(), api.metric_server_error()]),
                ("Ingest, milliseconds", [ingest.metric_duration(statistic=f"p{p}") for p in (50, 99)]),
                ("Sink lag, seconds", [self._sink_lag()]),
            ],
            [
                ("Sink", [sink.metric_invocations(), sink.metric_errors(), sink.metric_duration(statistic="p99")]),
                ("Invoice runs", [machine.metric_started(), machine.metric_succeeded(), machine.metric_failed()]),
                ("Aurora, %", [cluster.metric_cpu_utilization(), cluster.metric_acu_utilization()]),
            ],
            [
                ("Events of the last hours", [self._audited(f"Events{name}") for name in WHERE_EVENTS_ARE]),
                ("Events astray", [self._audited("EventsUnexplained"), self._audited("DeadLetters")]),
            ],
            [("Function errors", [function.metric_errors() for function in functions.values()])],
        ]
        dashboard = cw.Dashboard(self, "Dashboard", dashboard_name=named(self, "meterhouse"))
        dashboard.add_widgets(cw.AlarmStatusWidget(title="Alarms", alarms=list(self._alarms), width=24))
        for row in rows:
            width = 24 // len(row)
            dashboard.add_widgets(*(cw.GraphWidget(title=title, left=left, width=width) for title, left in row))


def _failures(machine: sfn.IStateMachine) -> cw.IMetric:
    return cw.MathExpression(
        expression="failed + late + aborted",
        label="runs not completed",
        period=FIVE_MINUTES,
        using_metrics={
            "failed": machine.metric_failed(period=FIVE_MINUTES),
            "late": machine.metric_timed_out(period=FIVE_MINUTES),
            "aborted": machine.metric_aborted(period=FIVE_MINUTES),
        },
    )
