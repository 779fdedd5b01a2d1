"""Alarms and dashboard of the aws target."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from infra.functions import FUNCTIONS
from infra.observed import CAPABILITY_OF, FUNCTIONS_OF, OF_BATCHES, SERVING, VARIABLE
from meterhouse.billing.audit_books import Audited
from meterhouse.metering.cloudwatch_audit import LETTERS, METRICS, ROLLUP_METRICS
from meterhouse.platform.calls import CAPABILITY, UNITS
from tests.infra.templates import Resource, Synthesis


def alarms_of(synthesis: Synthesis) -> list[Resource]:
    return list(synthesis.all("AWS::CloudWatch::Alarm").values())


def alarms(synthesis: Synthesis) -> set[str]:
    return {alarm["Properties"]["AlarmName"] for alarm in alarms_of(synthesis)}


@pytest.mark.parametrize(
    "name",
    [
        *("SinkLag", "DeadLetters", "UnexplainedEvents", "UnexplainedOfMonth", "AstrayRollups", "BrokenBooks"),
        *("ApiServerErrors", "InvoiceRun", "Backfill", "Announcements", "BookAudit"),
        *("AuroraCpu", "AuroraCapacity", "Broker1Disk"),
    ],
)
def test_what_breaks_a_promise_rings(aws: Synthesis, name: str) -> None:
    assert f"meterhouse-{name}" in alarms(aws)


@pytest.mark.parametrize(
    ("name", "audit"),
    [
        ("UnexplainedEvents", "audit_events"),
        ("UnexplainedOfMonth", "audit_month"),
        ("DeadLetters", "audit_events"),
        ("AstrayRollups", "audit_rollups"),
        ("BrokenBooks", "audit_books"),
        ("LedgerSum", "audit_books"),
        ("StuckInvoices", "audit_books"),
    ],
)
def test_the_alarms_on_what_is_astray_read_what_an_audit_counts(aws: Synthesis, name: str, audit: str) -> None:
    named = {alarm["Properties"]["AlarmName"]: alarm["Properties"] for alarm in alarms_of(aws)}
    alarm = named[f"meterhouse-{name}"]

    assert alarm["MetricName"] in {*METRICS, LETTERS, *ROLLUP_METRICS, *Audited(0, 0, None).metrics()}
    assert alarm["Namespace"] == "Meterhouse"
    service = aws.functions()[audit]["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
    assert alarm["Dimensions"] == [{"Name": "service", "Value": service}]
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (0, "GreaterThanThreshold")


@pytest.mark.parametrize(
    ("name", "function", "metric"),
    [("DeadLetterFlood", "sink_events", "DeadLetterFlood"), ("ArchiveLag", "archive_events", "ArchiveLagSeconds")],
)
def test_functions_that_hold_usage_back_ring_by_what_they_count(
    aws: Synthesis, name: str, function: str, metric: str
) -> None:
    (alarm,) = (one["Properties"] for one in alarms_of(aws) if one["Properties"]["AlarmName"] == f"meterhouse-{name}")

    service = aws.functions()[function]["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
    assert (alarm["MetricName"], alarm["Dimensions"]) == (metric, [{"Name": "service", "Value": service}])


@pytest.mark.parametrize("name", ["UnexplainedOfMonth", "BrokenBooks"])
def test_what_a_daily_audit_finds_rings_until_the_next(aws: Synthesis, name: str) -> None:
    (alarm,) = (one["Properties"] for one in alarms_of(aws) if one["Properties"]["AlarmName"] == f"meterhouse-{name}")

    assert alarm["Period"] * alarm["EvaluationPeriods"] == 24 * 60 * 60
    assert alarm["DatapointsToAlarm"] == 1


def test_every_function_that_fails_rings(aws: Synthesis) -> None:
    names = {f"meterhouse-{''.join(p.capitalize() for p in name.split('_'))}" for name in aws.functions()}

    assert names <= alarms(aws)


def test_any_alarm_reaches_people_through_one_encrypted_topic(aws: Synthesis) -> None:
    composite = aws.one("AWS::CloudWatch::CompositeAlarm")["Properties"]

    shifting = {name for name in alarms(aws) if name.startswith("meterhouse-shift-")}
    assert str(composite["AlarmRule"]).count("ALARM(") == len(alarms(aws) - shifting)
    assert len(composite["AlarmActions"]) == 1
    assert "KmsMasterKeyId" in aws.one("AWS::SNS::Topic")["Properties"]


def test_an_address_given_by_flag_is_subscribed(aws_with_every_option: Synthesis) -> None:
    subscription = aws_with_every_option.one("AWS::SNS::Subscription")["Properties"]

    assert subscription["Endpoint"] == "billing@example.com"


def test_operations_hold_no_function_of_the_application_fast(aws: Synthesis) -> None:
    exported = aws.stacks["MeterhouseApplication"]["Outputs"]

    assert not [name for name in exported if "Function" in name]


def test_the_dashboard_answers_three_questions_in_three_rows(aws: Synthesis) -> None:
    dashboard = aws.one("AWS::CloudWatch::Dashboard")["Properties"]
    body = str(dashboard["DashboardBody"])

    assert dashboard["DashboardName"] == "meterhouse"
    questions = [body.index(f"## {asked}?") for asked in ("Are events lost", "Is billing late", "Is anyone waiting")]
    assert questions == sorted(questions)
    for metric in ("EventsUnexplained", "DeadLetters", "InvoicesStuck", "LedgerFindingsOpen", "ChannelsLate"):
        assert metric in body


def test_the_dashboard_says_that_executions_of_the_invoice_run_are_not_all_runs(aws: Synthesis) -> None:
    body = str(aws.one("AWS::CloudWatch::Dashboard")["Properties"]["DashboardBody"])

    assert "Invoice runs and their starters" in body


def shown(widget: Any) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Namespace, name and dimensions of a graph's metrics."""
    for metric in widget["properties"].get("metrics", ()):
        namespace, name, *told = (part for part in metric if isinstance(part, str))
        yield namespace, name, dict(zip(told[::2], told[1::2], strict=True))


def test_the_dashboard_shows_no_metric_of_ours_that_nobody_tells(aws: Synthesis) -> None:
    body = aws.one("AWS::CloudWatch::Dashboard")["Properties"]["DashboardBody"]
    parts = body["Fn::Join"][1]
    widgets = json.loads("".join(part if isinstance(part, str) else "token" for part in parts))["widgets"]
    every = [metric for widget in widgets for metric in shown(widget)]
    ours = [(name, dimensions) for namespace, name, dimensions in every if namespace == "Meterhouse"]
    told_by = {name: function["Environment"]["Variables"] for name, function in aws.functions().items()}
    capabilities = {variables[CAPABILITY] for variables in told_by.values()}
    of_audits = {*METRICS, LETTERS, *Audited(0, 0, None).metrics(), "ChannelsLate"}

    of_calls = [(name, told["capability"]) for name, told in ours if "capability" in told]
    of_services = [(name, told["service"]) for name, told in ours if "capability" not in told]
    assert len(of_calls) + len(of_services) == len(ours)
    assert {name for name, _ in of_calls} == set(UNITS)
    assert {capability for name, capability in of_calls if name == "Throttled"} == set(SERVING)
    assert {capability for name, capability in of_calls if name == "ItemsFailed"} == set(OF_BATCHES)
    assert {capability for _, capability in of_calls} == capabilities
    assert {name for name, _ in of_services} <= of_audits
    assert {service for _, service in of_services} <= set(told_by)


def test_every_function_has_one_capability_and_those_are_few(aws: Synthesis) -> None:
    assert sum(map(len, FUNCTIONS_OF.values())) == len(CAPABILITY_OF)
    assert set(CAPABILITY_OF) == set(aws.functions())
    assert set(SERVING) == {CAPABILITY_OF[spec.name] for spec in FUNCTIONS if spec.is_serving}
    assert VARIABLE == CAPABILITY
    assert len(FUNCTIONS_OF) <= 12


def test_an_audit_that_says_nothing_rings(aws: Synthesis) -> None:
    [silent] = [one["Properties"] for one in alarms_of(aws) if one["Properties"]["AlarmName"].endswith("AuditSilent")]

    assert (silent["Statistic"], silent["ComparisonOperator"]) == ("SampleCount", "LessThanThreshold")
    assert silent["TreatMissingData"] == "breaching"


def test_an_environment_for_trying_out_has_one_alarm_for_all_functions(aws_with_every_option: Synthesis) -> None:
    assert "meterhouse-dev-Functions" in alarms(aws_with_every_option)
    assert "meterhouse-dev-RelayOutbox" not in alarms(aws_with_every_option)
