"""The way of what rules are held against: from the bus through a queue, and to dead letters that ring."""

from infra.notification_queue import DEAD_LETTERS, HEARD, QUEUE
from meterhouse.billing.events import MILESTONES
from meterhouse.notifications.tell_of_balance import HEARD as BALANCES
from tests.infra.templates import Synthesis
from tests.infra.test_balance_queue import arn, queue


def test_every_event_of_invoices_and_every_new_balance_goes_to_the_rules(target: Synthesis, aws: Synthesis) -> None:
    rule = target.named("AWS::Events::Rule", Name=QUEUE)["Properties"]
    queue_id, found = queue(target, QUEUE)

    assert set(HEARD) == {BALANCES, "invoice.created", "invoice.updated", *MILESTONES.values()}
    assert rule["EventPattern"] == {"source": ["meterhouse"], "detail-type": list(HEARD)}
    assert [to["Arn"] for to in rule["Targets"]] == [arn(queue_id)]
    assert found["RedrivePolicy"]["deadLetterTargetArn"] == arn(queue(target, DEAD_LETTERS)[0])
    assert found["VisibilityTimeout"] == 6 * target.functions()["raise_notifications"]["Timeout"]
    alarm = aws.named("AWS::CloudWatch::Alarm", AlarmName="meterhouse-NotificationDeadLetters")["Properties"]
    assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": DEAD_LETTERS}]
