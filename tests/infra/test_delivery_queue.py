"""The way of messages: woken by the bus through a queue and by the minute; what its function may call."""

import pytest

from infra.delivery_queue import DEAD_LETTERS, DUE, QUEUE
from infra.flags import ContextError
from infra.settings import read_settings
from tests.infra.templates import LOCAL_CONTEXT, Synthesis, role_of
from tests.infra.test_balance_queue import arn, queue

NAME = "deliver_webhook"


def test_what_is_due_wakes_the_sender_which_also_looks_every_minute(target: Synthesis, aws: Synthesis) -> None:
    rule = target.named("AWS::Events::Rule", Name=QUEUE)["Properties"]
    queue_id, found = queue(target, QUEUE)

    assert rule["EventPattern"] == {"source": ["meterhouse"], "detail-type": list(DUE)}
    assert [to["Arn"] for to in rule["Targets"]] == [arn(queue_id)]
    assert found["RedrivePolicy"]["deadLetterTargetArn"] == arn(queue(target, DEAD_LETTERS)[0])
    assert found["VisibilityTimeout"] == 6 * target.functions()[NAME]["Timeout"]
    schedule = target.named("AWS::Scheduler::Schedule", Name=f"meterhouse-{NAME}")["Properties"]
    assert schedule["ScheduleExpression"] == "rate(1 minute)"
    alarm = aws.named("AWS::CloudWatch::Alarm", AlarmName="meterhouse-DeliveryDeadLetters")["Properties"]
    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": DEAD_LETTERS}]
    late = aws.named("AWS::CloudWatch::Alarm", AlarmName="meterhouse-WebhookBacklog")["Properties"]
    assert (late["MetricName"], late["Dimensions"]) == ("ChannelsLate", [{"Name": "service", "Value": NAME}])


def test_mail_is_sent_from_the_one_address_of_the_flag(aws_with_every_option: Synthesis, aws: Synthesis) -> None:
    function = aws_with_every_option.functions()[NAME]
    address = function["Environment"]["Variables"]["NOTIFICATIONS_EMAIL_FROM"]
    [grant] = [one for one in aws_with_every_option.statements(role_of(function)) if one["Action"] == "ses:SendEmail"]
    assert grant["Condition"] == {"StringEquals": {"ses:FromAddress": address}}
    assert [str(one).partition("identity/")[2].rstrip("']}") for one in grant["Resource"]] == [
        "alerts@mail.example.com",
        "mail.example.com",
    ]
    plain = aws.functions()[NAME]
    assert "NOTIFICATIONS_EMAIL_FROM" not in plain["Environment"]["Variables"]
    assert not [one for one in aws.statements(role_of(plain)) if "ses:" in str(one["Action"])]


def test_nothing_in_aws_lets_webhooks_inside(aws_with_every_option: Synthesis, aws: Synthesis) -> None:
    for synthesis in (aws, aws_with_every_option):
        assert "WEBHOOK_LOCAL_HOSTS" not in str(synthesis.stacks)
    with pytest.raises(ContextError, match="webhookLocalHosts is for the local target alone"):
        read_settings({"webhookLocalHosts": "127.0.0.1"})
    given = read_settings({**LOCAL_CONTEXT, "webhookLocalHosts": "127.0.0.1"}).application
    assert given.webhook_local_hosts == "127.0.0.1"
    with pytest.raises(ContextError, match="notificationsEmailFrom"):
        read_settings({"notificationsEmailFrom": "nobody"})
