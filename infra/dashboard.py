"""The dashboard: three questions, each with what answers it and a row by capability, and the alarms above them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws_cdk import aws_cloudwatch as cw

from infra import balance_queue, delivery_queue, notification_queue
from infra.environment import named
from infra.observed import FUNCTIONS_OF, OF_BATCHES, SERVING
from infra.watched import FIVE_MINUTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from aws_cdk import aws_apigatewayv2 as http
    from aws_cdk import aws_lambda as lambda_
    from aws_cdk import aws_rds as rds
    from aws_cdk import aws_stepfunctions as sfn
    from constructs import Construct

    from infra.watched import Watched

_WHERE_EVENTS_ARE = ("Accepted", "Counted", "Unmatched", "Invalid", "Duplicate", "Conflicting", "Dead", "Pending")
Graph = tuple[str, "list[cw.IMetric]"]


@dataclass(frozen=True, slots=True)
class Seen:
    """What of the deployment the dashboard shows."""

    api: http.HttpApi
    functions: Mapping[str, lambda_.IFunction]
    machines: Mapping[str, sfn.IStateMachine]
    cluster: rds.DatabaseCluster


def draw(scope: Construct, watched: Watched, alarms: Sequence[cw.Alarm], seen: Seen) -> None:
    """What stands under a question answers it."""
    dashboard = cw.Dashboard(scope, "Dashboard", dashboard_name=named(scope, "meterhouse"))
    dashboard.add_widgets(cw.AlarmStatusWidget(title="Alarms", alarms=list(alarms), width=24))
    for question, *rows in (
        ("Are events lost?", _lost(watched, seen), _taken(watched)),
        ("Is billing late?", _late(watched, seen), _billed(watched)),
        ("Is anyone waiting?", _waiting(watched, seen), _served(watched)),
    ):
        dashboard.add_widgets(cw.TextWidget(markdown=f"## {question}", width=24, height=1))
        for graphs in rows:
            width = 24 // len(graphs)
            dashboard.add_widgets(*(cw.GraphWidget(title=title, left=left, width=width) for title, left in graphs))


def _lost(watched: Watched, seen: Seen) -> list[Graph]:
    sink = seen.functions["sink_events"]
    return [
        ("Events of the last hours", [watched.audited(f"Events{name}") for name in _WHERE_EVENTS_ARE]),
        ("Astray, and dead letters", [watched.audited("EventsUnexplained"), watched.audited("DeadLetters")]),
        ("Sink", [sink.metric_invocations(), sink.metric_errors(), sink.metric_duration(statistic="p99")]),
    ]


def _taken(watched: Watched) -> list[Graph]:
    told = watched.of_capability
    return [
        ("Events taken", [told("Items", "ingest", "Sum")]),
        ("Taking and storing: calls", [told("Duration", name, "SampleCount") for name in ("ingest", "storing")]),
        ("Taking and storing: errors of ours", [told("ServerErrors", name, "Sum") for name in ("ingest", "storing")]),
    ]


def _late(watched: Watched, seen: Seen) -> list[Graph]:
    run = seen.machines["InvoiceRun"]
    books = [
        watched.audited(name, by="audit_books") for name in ("FindingsOpen", "LedgerFindingsOpen", "InvoicesStuck")
    ]
    return [
        ("Sink lag, seconds", [watched.sink_lag()]),
        # an hour that is scheduled is two executions: the run, and the one that starts it by name (ADR 0080)
        ("Invoice runs and their starters", [run.metric_started(), run.metric_succeeded(), run.metric_failed()]),
        ("Books and invoices", list(books)),
    ]


def _billed(watched: Watched) -> list[Graph]:
    told, of_money = watched.of_capability, ("billing", "payments")
    return [
        ("Customers a step of a run was given", [told("Items", "billing", "Sum")]),
        ("Customers it failed for", [told("ItemsFailed", "billing", "Sum")]),
        ("Billing and payments: errors of ours", [told("ServerErrors", name, "Sum") for name in of_money]),
        ("Billing and payments: longest call, milliseconds", [told("Duration", name, "Maximum") for name in of_money]),
    ]


def _waiting(watched: Watched, seen: Seen) -> list[Graph]:
    api, ingest, cluster = seen.api, seen.functions["ingest_events"], seen.cluster
    queues = (balance_queue.QUEUE, notification_queue.QUEUE, delivery_queue.QUEUE)
    late: list[cw.IMetric] = [watched.queue(name, "ApproximateAgeOfOldestMessage") for name in queues]
    failing = [function.metric_errors(period=FIVE_MINUTES) for function in seen.functions.values()]
    return [
        ("Requests", [api.metric_count(), api.metric_client_error(), api.metric_server_error()]),
        ("Ingest, milliseconds", [ingest.metric_duration(statistic=f"p{p}") for p in (50, 99)]),
        (
            "Oldest message of each queue, seconds; late channels",
            [*late, watched.audited("ChannelsLate", by="deliver_webhook")],
        ),
        (
            "Errors of functions; Aurora, %",
            [*failing, cluster.metric_cpu_utilization(), cluster.metric_acu_utilization()],
        ),
    ]


def _served(watched: Watched) -> list[Graph]:
    def of(name: str, statistic: str = "Sum", capabilities: Iterable[str] = FUNCTIONS_OF) -> list[cw.IMetric]:
        return [watched.of_capability(name, capability, statistic) for capability in capabilities]

    return [
        ("Calls by capability", of("Duration", "SampleCount")),
        ("Slowest of a hundred, milliseconds", of("Duration", "p99")),
        ("Refused: over a limit", of("Throttled", capabilities=SERVING)),
        ("Faults of callers", of("ClientErrors")),
        ("Errors of ours", of("ServerErrors")),
        ("Items that failed and come again", of("ItemsFailed", capabilities=OF_BATCHES)),
    ]
