"""The way of what moves balances: from the bus through a queue to the balance worker, and to the dead letters."""

import pytest

from infra.balance_queue import DEAD_LETTERS, MOVING, QUEUE
from tests.infra.templates import Resource, Synthesis, listed, role_of

KINDS = {"usage.ingested", "customer.updated"}
ROOM = "entitlement.", "grant.", "reservation."


def queue(synthesis: Synthesis, name: str) -> tuple[str, Resource]:
    """Logical id and properties, whatever its environment calls it."""
    called = synthesis.one("AWS::Events::EventBus")["Properties"]["Name"] + name.removeprefix("meterhouse")
    (found,) = [
        (logical_id, resource["Properties"])
        for logical_id, resource in synthesis.all("AWS::SQS::Queue").items()
        if resource["Properties"]["QueueName"] == called
    ]
    return found


def arn(logical_id: str) -> dict[str, list[str]]:
    return {"Fn::GetAtt": [logical_id, "Arn"]}


def mapping(synthesis: Synthesis) -> Resource:
    mappings = synthesis.all("AWS::Lambda::EventSourceMapping").values()
    source = arn(queue(synthesis, QUEUE)[0])
    (found,) = [m["Properties"] for m in mappings if m["Properties"]["EventSourceArn"] == source]
    properties: Resource = found
    return properties


def test_the_rule_takes_what_moves_balances_to_the_queue(target: Synthesis) -> None:
    rule = target.named("AWS::Events::Rule", Name=QUEUE)["Properties"]
    queue_id, _ = queue(target, QUEUE)

    assert rule["EventPattern"] == {"source": ["meterhouse"], "detail-type": list(MOVING)}
    assert [to["Arn"] for to in rule["Targets"]] == [arn(queue_id)]


def test_what_the_worker_tells_does_not_come_back_to_it() -> None:
    assert not {"entitlement.balance_snapshot", "entitlement.threshold_crossed"} & set(MOVING)
    assert all(kind in KINDS or kind.startswith(ROOM) for kind in MOVING)


def test_only_the_bus_may_fill_the_queue_and_nobody_in_the_clear(target: Synthesis) -> None:
    for name in (QUEUE, DEAD_LETTERS):
        queue_id, _ = queue(target, name)
        policies = [
            policy["Properties"]["PolicyDocument"]["Statement"]
            for policy in target.all("AWS::SQS::QueuePolicy").values()
            if {"Ref": queue_id} in policy["Properties"]["Queues"]
        ]
        statements = [statement for policy in policies for statement in policy]
        senders = [s["Principal"] for s in statements if s["Effect"] == "Allow"]
        assert all(sender == {"Service": "events.amazonaws.com"} for sender in senders)
        assert any(s["Effect"] == "Deny" and "aws:SecureTransport" in str(s["Condition"]) for s in statements)


def test_messages_are_batched_and_fail_one_by_one(target: Synthesis) -> None:
    found = mapping(target)

    assert found["EventSourceArn"] == arn(queue(target, QUEUE)[0])
    assert found["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert found["BatchSize"] > 10
    assert 1 <= found["MaximumBatchingWindowInSeconds"] <= 10


def test_few_workers_take_many_messages_each_unless_more_are_asked_for(
    target: Synthesis, aws_with_every_option: Synthesis
) -> None:
    assert mapping(target)["ScalingConfig"] == {"MaximumConcurrency": 2}
    assert mapping(aws_with_every_option)["ScalingConfig"] == {"MaximumConcurrency": 20}


def test_a_batch_is_not_delivered_again_under_its_worker(target: Synthesis) -> None:
    _, found = queue(target, QUEUE)

    assert found["VisibilityTimeout"] == 6 * target.functions()["evaluate_balances"]["Timeout"]


def test_a_store_may_be_away_for_a_day_before_messages_are_dead_letters_that_are_kept_longer(target: Synthesis) -> None:
    _, found = queue(target, QUEUE)
    dead_id, dead = queue(target, DEAD_LETTERS)

    assert found["RedrivePolicy"]["deadLetterTargetArn"] == arn(dead_id)
    assert found["RedrivePolicy"]["maxReceiveCount"] * found["VisibilityTimeout"] >= 24 * 60 * 60
    assert dead["MessageRetentionPeriod"] == found["MessageRetentionPeriod"] == 14 * 24 * 60 * 60


def test_the_worker_reads_that_queue_and_no_other(target: Synthesis) -> None:
    statements = [
        statement
        for statement in target.statements(role_of(target.functions()["evaluate_balances"]))
        if any(action.startswith("sqs:") for action in listed(statement["Action"]))
    ]

    [statement] = statements
    assert listed(statement["Resource"]) == [arn(queue(target, QUEUE)[0])]
    assert set(statement["Action"]) == {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}


@pytest.mark.parametrize(("name", "of"), [("BalanceDeadLetters", DEAD_LETTERS), ("BalanceLag", QUEUE)])
def test_dead_letters_and_waiting_messages_ring(aws: Synthesis, name: str, of: str) -> None:
    alarm = aws.named("AWS::CloudWatch::Alarm", AlarmName=f"meterhouse-{name}")["Properties"]

    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": of}]
    assert alarm["Namespace"] == "AWS/SQS"


def test_a_dead_letter_rings_at_once(aws: Synthesis) -> None:
    alarm = aws.named("AWS::CloudWatch::Alarm", AlarmName="meterhouse-BalanceDeadLetters")["Properties"]

    assert (alarm["Threshold"], alarm["EvaluationPeriods"]) == (0, 1)


def test_thresholds_given_by_flag_reach_the_worker_alone(aws: Synthesis, aws_with_every_option: Synthesis) -> None:
    told = {name: f for name, f in aws_with_every_option.functions().items() if "BALANCE_THRESHOLDS" in str(f)}

    assert {name: f["Environment"]["Variables"]["BALANCE_THRESHOLDS"] for name, f in told.items()} == {
        "evaluate_balances": "80, 100"
    }
    assert "BALANCE_THRESHOLDS" not in str(aws.functions())
