"""Messages on their way to a real HTTPS receiver, out of the real database."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from typing import TYPE_CHECKING

import pytest
from standardwebhooks import Webhook as Reference

from meterhouse.notifications.channel import Credentials
from meterhouse.notifications.notification import CLOSED, DeliveryState
from meterhouse.notifications.retries import GONE, MOST_AT_ONCE, NEVER_TAKEN, OF_A_MESSAGE
from meterhouse.notifications.signature import secret_of
from meterhouse.platform import clock
from meterhouse.platform.postgres import Database
from tests.integration.notifications.desk import SECRET, Desk
from tests.integration.notifications.receiver import Receiver, Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from meterhouse.platform.postgres import PostgresSettings
    from tests.integration.notifications.receiver import Received


@pytest.fixture
def desk(database: Database, namespace: str) -> Desk:
    return Desk(database, namespace)


def ids(receiver: Receiver) -> Counter[str]:
    return Counter(one.message_id for one in receiver.received)


def failing(status: int, **headers: str) -> Callable[[Received], Reply]:
    return lambda _: Reply(status, b"no", {name.replace("_", "-"): value for name, value in headers.items()})


def test_a_message_arrives_as_it_was_told_and_the_reference_library_verifies_it(desk: Desk, receiver: Receiver) -> None:
    desk.now = clock.now()
    [told] = desk.tell(desk.channel(receiver.url("/a?b=c"), **{"X-Team": "ops"}))
    assert desk.deliver(receiver).delivered == 1
    [got] = receiver.received
    assert (got.path, got.headers["x-team"], got.headers["content-type"]) == ("/a?b=c", "ops", "application/json")
    assert Reference(SECRET).verify(got.body, dict(got.headers)) == {"id": told, "data": {"x": 1.5}}
    assert got.body == f'{{"id":"{told}","data":{{"x":1.50}}}}'.encode()
    assert got.message_id == told
    delivery, [attempt] = desk.delivery(told), desk.attempts(told)
    assert (delivery.state, delivery.next_attempt_at, delivery.reason) == (DeliveryState.SUCCESS, None, "")
    outcome = attempt.outcome
    assert (outcome.status, outcome.body, outcome.url, outcome.fault) == (200, "ok", receiver.url("/a?b=c"), "")
    assert desk.deliver(receiver).delivered == 0


def test_while_a_secret_is_rotated_messages_are_signed_with_both(desk: Desk, receiver: Receiver) -> None:
    desk.now = clock.now()
    channel, old = desk.channel(receiver.url()), secret_of(b"o" * 32)
    desk.credentials[channel.id] = Credentials(SECRET, old, desk.now + timedelta(hours=24))
    desk.tell(channel)
    desk.deliver(receiver)
    [got] = receiver.received
    for secret in (SECRET, old):
        Reference(secret).verify(got.body, dict(got.headers))


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(500, b"no"), "answered 500"),
        (Reply(302, headers={"Location": "https://127.0.0.1/"}), "answered 302, and no redirect is followed"),
        (Reply(after=1), "no answer within 0.3 s"),
        (Reply(body=b"x" * 40, every=0.05), "no answer within 0.3 s"),
        (Reply(hangs_up=True), "the connection broke (RemoteDisconnected)"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_message_that_is_not_taken_is_sent_again_later_under_its_id(
    desk: Desk, receiver: Receiver, reply: Reply, reason: str
) -> None:
    desk.seconds, receiver.reply = 0.3, lambda _: reply
    [told] = desk.tell(desk.channel(receiver.url()))
    assert desk.deliver(receiver).failed == 1
    delivery = desk.delivery(told)
    assert (delivery.state, delivery.reason) == (DeliveryState.SENDING, reason)
    assert delivery.next_attempt_at == desk.now + OF_A_MESSAGE[0]
    assert desk.deliver(receiver).failed == 0, "it is not due"
    receiver.reply, desk.seconds = lambda _: Reply(), 5
    assert desk.at(minutes=1).deliver(receiver).delivered == 1
    assert [one.outcome.fault for one in desk.attempts(told)] == ["", reason]
    assert ids(receiver) == {told: 2}


def test_a_receiver_that_asks_to_be_left_alone_is_left_alone_with_all_messages(desk: Desk, receiver: Receiver) -> None:
    receiver.reply = failing(429, Retry_After="600")
    channel = desk.channel(receiver.url())
    [told] = desk.tell(channel)
    desk.deliver(receiver)
    [later] = desk.at(minutes=5).tell(channel)
    assert desk.deliver(receiver).failed == 0
    receiver.reply = lambda _: Reply()
    assert desk.at(minutes=5).deliver(receiver).delivered == 2
    assert ids(receiver) == {told: 2, later: 1}


def test_410_disables_the_endpoint_and_says_so(desk: Desk, receiver: Receiver) -> None:
    channel = desk.channel(receiver.url())
    told = desk.tell(channel, count=9)
    receiver.reply = failing(410)
    assert desk.deliver(receiver).disabled == 1
    [closed] = desk.channels(channel)
    assert (closed.disabled, closed.disabled_reason) == (True, GONE)
    assert len(receiver.received) <= MOST_AT_ONCE
    desk.at(minutes=10).deliver(receiver)
    assert {desk.delivery(one).state for one in told} == {DeliveryState.FAILED}
    assert {desk.delivery(one).reason for one in told} == {GONE}
    [event] = desk.rows("SELECT *", "AND type = 'notification_channel.disabled'", "outbox")
    assert event["data"] == {"channelId": channel.id, "type": "WEBHOOK"}
    assert desk.tell(closed)
    assert desk.deliver(receiver).failed == 0


def test_what_waits_for_a_channel_that_its_owner_disabled_is_failed(desk: Desk, receiver: Receiver) -> None:
    [told] = desk.tell(desk.channel(receiver.url()))
    with desk.database.transaction(desk.namespace) as transaction:
        transaction.execute("UPDATE notification_channels SET disabled = true WHERE namespace = %(namespace)s")
        transaction.commit()
    desk.deliver(receiver)
    assert (desk.delivery(told).state, desk.delivery(told).reason) == (DeliveryState.FAILED, CLOSED)
    assert receiver.received == []


def test_after_five_days_without_a_receiver_every_message_comes_in_bounded_time_under_its_id(
    desk: Desk, receiver: Receiver
) -> None:
    channel, start = desk.channel(receiver.url()), desk.now
    told, back = desk.tell(channel, count=40), start + timedelta(days=5)
    receiver.reply = failing(503)
    runs = desk.through_time(receiver, start + timedelta(days=2))
    told += desk.tell(channel, count=20)
    runs += desk.through_time(receiver, back)
    assert len(receiver.received) < 5 * 24 + 20, "the cost of an outage does not grow with what waits"
    assert runs < 5 * 24 + 20
    assert desk.states().keys() <= {"PENDING", "SENDING"}

    receiver.reply, receiver.received = lambda _: Reply(), []
    assert desk.through_time(receiver, back + timedelta(hours=1, minutes=5)) < 10
    assert ids(receiver) == dict.fromkeys(told, 1)
    assert desk.states() == {"SUCCESS": 60}
    assert not desk.channels(channel)[0].disabled


def test_an_endpoint_that_never_comes_back_is_disabled_and_what_waits_can_be_resent(
    desk: Desk, receiver: Receiver
) -> None:
    channel = desk.channel(receiver.url())
    told = desk.tell(channel, count=5)
    receiver.reply = failing(500)
    desk.through_time(receiver, desk.now + timedelta(days=1))
    desk.at(days=6, hours=1).deliver(receiver)
    [closed] = desk.channels(channel)
    assert (closed.disabled, closed.disabled_reason) == (True, NEVER_TAKEN)
    assert desk.states() == {"FAILED": 5}
    assert {desk.delivery(one).reason for one in told} == {NEVER_TAKEN}

    with desk.at(minutes=1).database.transaction(desk.namespace) as transaction:
        transaction.execute(
            "UPDATE notification_channels SET disabled = false, disabled_reason = NULL, updated_at = %(now)s"
            " WHERE namespace = %(namespace)s",
            {"now": desk.now},
        )
        transaction.commit()
    desk.resend(*told)
    assert desk.states() == {"RESENDING": 5}
    desk.deliver(receiver)
    assert not desk.channels(channel)[0].disabled, "it begins anew"
    receiver.reply, receiver.received = lambda _: Reply(), []
    desk.through_time(receiver, desk.now + timedelta(hours=1))
    assert ids(receiver) == dict.fromkeys(told, 1)
    assert desk.states() == {"SUCCESS": 5}


def test_a_message_that_its_receiver_never_takes_fails_alone_and_delays_no_other(
    desk: Desk, receiver: Receiver
) -> None:
    channel, start = desk.channel(receiver.url()), desk.now
    [poison] = desk.tell(channel)
    receiver.reply = lambda one: Reply(400 if one.message_id == poison else 200)
    others: list[str] = []

    def keeps_coming() -> None:
        others.extend(desk.tell(channel))

    desk.through_time(receiver, start + timedelta(days=7), keeps_coming)
    assert desk.delivery(poison).state is DeliveryState.FAILED
    assert len(desk.attempts(poison)) == len(OF_A_MESSAGE) + 1
    assert {one: ids(receiver)[one] for one in others} == dict.fromkeys(others, 1)
    assert not desk.channels(channel)[0].disabled


def test_what_is_resent_by_hand_does_not_wait_for_a_resting_endpoint_and_has_a_schedule_of_its_own(
    desk: Desk, receiver: Receiver
) -> None:
    channel = desk.channel(receiver.url())
    receiver.reply = lambda one: Reply(500 if one.message_id != good else 200)
    [good] = desk.tell(channel)
    desk.deliver(receiver)
    desk.at(minutes=1).tell(channel, count=3)
    desk.deliver(receiver)
    receiver.reply = lambda _: Reply()
    desk.resend(good)
    assert desk.deliver(receiver).delivered >= 1
    assert ids(receiver)[good] == 2
    assert [one.counts for one in desk.attempts(good)] == [True, True]


def test_a_slow_receiver_keeps_none_of_the_others_waiting(desk: Desk, receiver: Receiver) -> None:
    released = Event()
    receiver.reply = lambda one: Reply() if one.path != "/slow" or released.wait(20) else Reply(500)
    slow, *fast = (desk.channel(receiver.url(f"/{name}")) for name in ("slow", "a", "b", "c"))
    desk.tell(slow, count=8)
    told = [one for channel in fast for one in desk.tell(channel, count=8)]
    with ThreadPoolExecutor(1) as background:
        run = background.submit(desk.deliver, receiver)
        while not run.done() and len([one for one in receiver.received if one.path != "/slow"]) < len(told):
            released.wait(0.01)
        assert not run.done()
        assert len([one for one in receiver.received if one.path == "/slow"]) <= MOST_AT_ONCE
        released.set()
        assert run.result().delivered == 32
    assert ids(receiver).most_common(1)[0][1] == 1


def test_two_workers_at_once_share_the_work_and_double_nothing(
    desk: Desk, receiver: Receiver, database_settings: PostgresSettings
) -> None:
    told = [one for name in "abc" for one in desk.tell(desk.channel(receiver.url(f"/{name}")), count=12)]
    receiver.reply = lambda _: Reply(after=0.01)
    databases = [Database(lambda: database_settings) for _ in range(3)]
    others = [Desk(one, desk.namespace, desk.now, credentials=desk.credentials) for one in databases]
    with ThreadPoolExecutor(3) as workers:
        list(workers.map(lambda one: one.deliver(receiver), others))
    for one in databases:
        one.close()
    desk.deliver(receiver)
    assert ids(receiver) == dict.fromkeys(told, 1)
    assert desk.states() == {"SUCCESS": 36}
    assert receiver.most_at_once <= 3 * MOST_AT_ONCE


def test_a_worker_that_died_after_sending_has_its_message_sent_again_under_its_id(
    desk: Desk, receiver: Receiver
) -> None:
    [told] = desk.tell(desk.channel(receiver.url()))
    with desk.begin(desk.namespace) as work:
        [endpoint] = work.store.waiting(desk.now, 5)
        [claim] = work.store.lease([(endpoint, 1)], "dead", desk.now)
        work.commit()
    assert desk.deliver(receiver).delivered == 0
    assert desk.at(seconds=61).deliver(receiver).delivered == 1
    with desk.begin(desk.namespace) as work:
        assert not work.store.settle(claim.delivery, "dead")
    assert json.loads(receiver.received[0].body)["id"] == told


def test_what_waits_too_long_is_counted_but_not_at_an_endpoint_that_rests(desk: Desk, receiver: Receiver) -> None:
    channel = desk.channel(receiver.url())
    desk.tell(channel, count=3)
    with desk.begin(desk.namespace) as work:
        assert work.store.late(desk.now + timedelta(minutes=5)) == 3
    receiver.reply = failing(503, Retry_After="3600")
    desk.deliver(receiver)
    with desk.begin(desk.namespace) as work:
        assert work.store.late(desk.now + timedelta(minutes=5)) == 0
