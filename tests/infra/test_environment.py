"""Environments side by side in one account: no name twice, and only what is for trying out can be lost."""

from collections.abc import Iterator

import pytest

from infra.pace import HOURLY, paced
from tests.infra.templates import Synthesis

NAMES = {
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::Events::Rule": "Name",
    "AWS::Events::EventBus": "Name",
    "AWS::Scheduler::Schedule": "Name",
    "AWS::StepFunctions::StateMachine": "StateMachineName",
    "AWS::MSK::Cluster": "ClusterName",
    "AWS::MSK::Configuration": "Name",
    "AWS::SecretsManager::Secret": "Name",
    "AWS::ApiGatewayV2::Api": "Name",
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::CompositeAlarm": "AlarmName",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::SNS::Topic": "TopicName",
}
"""Which property is a name that an account and region has once."""
STORES = ("AWS::RDS::DBCluster", "AWS::S3::Bucket", "AWS::EC2::Volume")


def names(synthesis: Synthesis) -> Iterator[str]:
    yield from synthesis.stacks
    for kind, name in NAMES.items():
        for resource in synthesis.all(kind).values():
            if name in resource["Properties"]:
                yield f"{kind} {resource['Properties'][name]}"


def test_no_name_of_one_environment_is_taken_by_the_other(aws: Synthesis, aws_with_every_option: Synthesis) -> None:
    production, development = set(names(aws)), set(names(aws_with_every_option))

    assert len(production) > 250
    assert len(production) - len(development) <= len(aws.functions())  # dev has one alarm for all functions
    assert not production & development


def test_metrics_and_secrets_of_callers_are_kept_apart(aws: Synthesis, aws_with_every_option: Synthesis) -> None:
    for name in ("manage_apps", "manage_notifications"):
        one, other = (
            synthesis.functions()[name]["Environment"]["Variables"] for synthesis in (aws, aws_with_every_option)
        )
        assert one["POWERTOOLS_METRICS_NAMESPACE"] != other["POWERTOOLS_METRICS_NAMESPACE"]
        for variable in ("APP_SECRETS_PREFIX", "CHANNEL_SECRETS_PREFIX"):
            assert variable not in one or not other[variable].startswith(one[variable])


def test_production_cannot_be_deleted_by_mistake_and_what_is_for_trying_out_can(
    aws: Synthesis, aws_with_every_option: Synthesis
) -> None:
    kept = {
        one.get("DeletionPolicy") for kind in STORES for one in aws.resources("Data").values() if one["Type"] == kind
    }
    lost = {one.get("DeletionPolicy") for kind in STORES for one in aws_with_every_option.all(kind).values()}

    assert kept == {"Retain", "Snapshot"}
    assert lost == {"Delete"}
    clusters = [one.one("AWS::RDS::DBCluster")["Properties"] for one in (aws, aws_with_every_option)]
    assert [cluster["DeletionProtection"] for cluster in clusters] == [True, False]


def test_a_database_that_may_pause_is_let_sleep_for_most_of_an_hour(aws_with_every_option: Synthesis) -> None:
    scaling = aws_with_every_option.one("AWS::RDS::DBCluster")["Properties"]["ServerlessV2ScalingConfiguration"]
    assert (scaling["MinCapacity"], scaling["SecondsUntilAutoPause"]) == (0, 300)

    schedules = [one["Properties"] for one in aws_with_every_option.all("AWS::Scheduler::Schedule").values()]
    often = {one["Name"] for one in schedules if one["ScheduleExpression"] == "rate(1 minute)"}
    assert often == {"meterhouse-dev-roll_up_usage"}  # asks ClickHouse alone


@pytest.mark.parametrize(
    ("expression", "paces"),
    [
        ("rate(1 minute)", HOURLY),
        ("rate(5 minutes)", HOURLY),
        ("cron(3/15 * * * ? *)", HOURLY),
        ("rate(1 day)", "rate(1 day)"),
        ("cron(30 3 * * ? *)", "cron(30 3 * * ? *)"),
    ],
)
def test_what_comes_more_often_than_hourly_comes_hourly_where_the_database_pauses(expression: str, paces: str) -> None:
    assert paced(expression, "hour") == paces
    assert paced(expression, "minute") == expression
