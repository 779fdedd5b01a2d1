"""Messages on their way to a real HTTPS receiver, out of the real database."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from time import monotonic
from typing import TYPE_CHECKING

import pytest
from standardwebhooks import Webhook as Reference

from meterhouse.notifications.channel import Credentials
from meterhouse.notifications.deliver import OURS
from meterhouse.notifications.forget import ForgetNotifications
from meterhouse.notifications.notification import CLOSED, DeliveryState
from meterhouse.notifications.notification_schema import notification_wire
from meterhouse.notifications.notifications import NotificationService
from meterhouse.notifications.postgres import PostgresNotificationEvents, PostgresNotifications
from meterhouse.notifications.retries import GONE, MOST_AT_ONCE, NEVER_TAKEN, OF_A_MESSAGE
from meterhouse.notifications.signature import secret_of
from meterhouse.notifications.woken import Woken
from meterhouse.platform import clock
from meterhouse.platform.postgres import Database, begins
from tests.integration.notifications.post_room import SECRET, PostRoom
from tests.integration.notifications.receiver import Receiver, Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from meterhouse.platform.postgres import PostgresSettings
    from tests.integration.notifications.receiver import Received


@pytest.fixture
def room(database: Database, namespace: str) -> PostRoom:
    return PostRoom(database, namespace)


def ids(receiver: Receiver) -> Counter[str]:
    return Counter(one.message_id for one in receiver.received)


def failing(status: int, **headers: str) -> Callable[[Received], Reply]:
    return lambda _: Reply(status, b"no", {name.replace("_", "-"): value for name, value in headers.items()})


def test_a_message_arrives_as_it_was_told_and_the_reference_verifies_it(room: PostRoom, receiver: Receiver) -> None:
    room.now, began = clock.now(), monotonic()
    [told] = room.tell(room.channel(receiver.url("/a?b=c"), **{"X-Team": "ops"}))
    assert room.deliver(receiver).delivered == 1
    took = monotonic() - began
    [got] = receiver.received
    assert (got.path, got.headers["x-team"], got.headers["content-type"]) == ("/a?b=c", "ops", "application/json")
    assert Reference(SECRET).verify(got.body, dict(got.headers)) == {"id": told, "data": {"x": 1.5}}
    assert got.body == f'{{"id":"{told}","data":{{"x":1.50}}}}'.encode()
    assert got.message_id == told
    delivery, [attempt] = room.delivery(told), room.attempts(told)
    assert (delivery.state, delivery.next_attempt_at, delivery.reason) == (DeliveryState.SUCCESS, None, "")
    outcome = attempt.outcome
    assert (outcome.status, outcome.body, outcome.url, outcome.fault) == (200, "ok", receiver.url("/…"), "")
    assert room.deliver(receiver).delivered == 0
    service = NotificationService(begins(room.database, PostgresNotifications))
    [status] = notification_wire(service.get(room.namespace, told)).model_dump(by_alias=True)["deliveryStatus"]
    [shown] = status["attempts"]
    assert 0 < shown["response"].pop("durationMs") <= took * 1000
    assert shown["response"] == {"statusCode": 200, "body": "ok", "url": receiver.url("/…")}
    assert (status["state"], shown["state"]) == ("SUCCESS", "SUCCESS")


def test_while_a_secret_is_rotated_messages_are_signed_with_both(room: PostRoom, receiver: Receiver) -> None:
    room.now = clock.now()
    channel, old = room.channel(receiver.url()), secret_of(b"o" * 32)
    room.credentials[channel.id] = Credentials(SECRET, old, room.now + timedelta(hours=24), url=receiver.url())
    room.tell(channel)
    room.deliver(receiver)
    [got] = receiver.received
    for secret in (SECRET, old):
        Reference(secret).verify(got.body, dict(got.headers))


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(500, b"no"), "answered 500"),
        (Reply(302, headers={"Location": "https://127.0.0.1/"}), "answered 302, and no redirect is followed"),
        (Reply(after=30), "no answer within 1.5 s"),
        (Reply(body=b"x" * 600, every=0.05), "no answer within 1.5 s"),
        (Reply(hangs_up=True), "the connection broke (RemoteDisconnected)"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_message_that_is_not_taken_is_sent_again_later_under_its_id(
    room: PostRoom, receiver: Receiver, reply: Reply, reason: str
) -> None:
    receiver.reply = lambda _: reply
    is_late = "1.5 s" in reason
    if is_late:
        room.seconds = 1.5
    [told] = room.tell(room.channel(receiver.url()))
    assert room.deliver(receiver).failed == 1
    delivery = room.delivery(told)
    assert (delivery.state, delivery.reason) == (DeliveryState.SENDING, reason)
    assert delivery.next_attempt_at == room.now + OF_A_MESSAGE[0]
    assert room.deliver(receiver).failed == 0, "it is not due"
    receiver.reply, room.seconds = lambda _: Reply(), 60
    assert room.at(minutes=1).deliver(receiver).delivered == 1
    assert [one.outcome.fault for one in room.attempts(told)] == ["", reason]
    # on a busy machine the time may be over before the receiver has read what was sent first
    assert ids(receiver) in ([{told: 2}, {told: 1}] if is_late else [{told: 2}])


def test_a_receiver_that_wants_to_be_left_alone_gets_no_message_meanwhile(room: PostRoom, receiver: Receiver) -> None:
    receiver.reply = failing(429, Retry_After="600")
    channel = room.channel(receiver.url())
    [told] = room.tell(channel)
    room.deliver(receiver)
    [later] = room.at(minutes=5).tell(channel)
    assert room.deliver(receiver).failed == 0
    receiver.reply = lambda _: Reply()
    assert room.at(minutes=5).deliver(receiver).delivered == 2
    assert ids(receiver) == {told: 2, later: 1}


def test_410_disables_the_endpoint_and_says_so(room: PostRoom, receiver: Receiver) -> None:
    channel = room.channel(receiver.url())
    told = room.tell(channel, count=9)
    receiver.reply = failing(410)
    assert room.deliver(receiver).disabled == 1
    [closed] = room.channels(channel)
    assert (closed.disabled, closed.disabled_reason) == (True, GONE)
    assert len(receiver.received) <= MOST_AT_ONCE
    room.at(minutes=10).deliver(receiver)
    assert {room.delivery(one).state for one in told} == {DeliveryState.FAILED}
    assert {room.delivery(one).reason for one in told} == {GONE}
    [event] = room.rows("SELECT *", "AND type = 'notification_channel.disabled'", "outbox")
    assert event["data"] == {"channelId": channel.id, "type": "WEBHOOK"}
    assert room.tell(closed)
    assert room.deliver(receiver).failed == 0


def test_what_waits_for_a_channel_that_its_owner_disabled_is_failed(room: PostRoom, receiver: Receiver) -> None:
    [told] = room.tell(room.channel(receiver.url()))
    with room.database.transaction(room.namespace) as transaction:
        transaction.execute("UPDATE notification_channels SET disabled = true WHERE namespace = %(namespace)s")
        transaction.commit()
    room.deliver(receiver)
    assert (room.delivery(told).state, room.delivery(told).reason) == (DeliveryState.FAILED, CLOSED)
    assert receiver.received == []


def test_after_five_days_without_a_receiver_every_message_comes_in_bounded_time_under_its_id(
    room: PostRoom, receiver: Receiver
) -> None:
    channel, start = room.channel(receiver.url()), room.now
    told, back = room.tell(channel, count=40), start + timedelta(days=5)
    receiver.reply = failing(503)
    runs = room.through_time(receiver, start + timedelta(days=2))
    told += room.tell(channel, count=20)
    runs += room.through_time(receiver, back)
    assert len(receiver.received) < 5 * 24 + 20, "the cost of an outage does not grow with what waits"
    assert runs < 5 * 24 + 20
    assert room.states().keys() <= {"PENDING", "SENDING"}

    receiver.reply, receiver.received = lambda _: Reply(), []
    assert room.through_time(receiver, back + timedelta(hours=1, minutes=5)) < 10
    assert ids(receiver) == dict.fromkeys(told, 1)
    assert room.states() == {"SUCCESS": 60}
    assert not room.channels(channel)[0].disabled


def test_an_endpoint_that_never_comes_back_is_disabled_and_what_waits_can_be_resent(
    room: PostRoom, receiver: Receiver
) -> None:
    channel = room.channel(receiver.url())
    told = room.tell(channel, count=5)
    receiver.reply = failing(500)
    room.through_time(receiver, room.now + timedelta(days=1))
    room.at(days=6, hours=1).deliver(receiver)
    [closed] = room.channels(channel)
    assert (closed.disabled, closed.disabled_reason) == (True, NEVER_TAKEN)
    assert room.states() == {"FAILED": 5}
    assert {room.delivery(one).reason for one in told} == {NEVER_TAKEN}

    with room.at(minutes=1).database.transaction(room.namespace) as transaction:
        transaction.execute(
            "UPDATE notification_channels SET disabled = false, disabled_reason = NULL, updated_at = %(now)s"
            " WHERE namespace = %(namespace)s",
            {"now": room.now},
        )
        transaction.commit()
    room.resend(*told)
    assert room.states() == {"RESENDING": 5}
    room.deliver(receiver)
    assert not room.channels(channel)[0].disabled, "it begins anew"
    receiver.reply, receiver.received = lambda _: Reply(), []
    room.through_time(receiver, room.now + timedelta(hours=1))
    assert ids(receiver) == dict.fromkeys(told, 1)
    assert room.states() == {"SUCCESS": 5}


def test_a_message_that_its_receiver_never_takes_fails_alone_and_delays_no_other(
    room: PostRoom, receiver: Receiver
) -> None:
    channel, start = room.channel(receiver.url()), room.now
    [poison] = room.tell(channel)
    receiver.reply = lambda one: Reply(400 if one.message_id == poison else 200)
    others: list[str] = []

    def keeps_coming() -> None:
        others.extend(room.tell(channel))

    room.through_time(receiver, start + timedelta(days=7), keeps_coming)
    assert room.delivery(poison).state is DeliveryState.FAILED
    assert len(room.attempts(poison)) == len(OF_A_MESSAGE) + 1
    assert {one: ids(receiver)[one] for one in others} == dict.fromkeys(others, 1)
    assert not room.channels(channel)[0].disabled


def test_what_is_resent_by_hand_does_not_wait_for_a_resting_endpoint_and_has_a_schedule_of_its_own(
    room: PostRoom, receiver: Receiver
) -> None:
    channel = room.channel(receiver.url())
    receiver.reply = lambda one: Reply(500 if one.message_id != good else 200)
    [good] = room.tell(channel)
    room.deliver(receiver)
    room.at(minutes=1).tell(channel, count=3)
    room.deliver(receiver)
    receiver.reply = lambda _: Reply()
    room.resend(good)
    assert room.deliver(receiver).delivered >= 1
    assert ids(receiver)[good] == 2
    assert [one.counts for one in room.attempts(good)] == [True, True]


@pytest.mark.parametrize(("status", "ended"), [(500, (DeliveryState.SENDING, 2)), (200, (DeliveryState.SUCCESS, 1))])
def test_a_message_that_is_resent_during_an_attempt_begins_anew_unless_that_is_taken(
    room: PostRoom,
    receiver: Receiver,
    database_settings: PostgresSettings,
    status: int,
    ended: tuple[DeliveryState, int],
) -> None:
    [told] = room.tell(room.channel(receiver.url()))

    def reply(_: Received) -> Reply:
        if len(receiver.received) == 1:
            other = PostRoom(Database(lambda: database_settings), room.namespace, room.now)
            other.resend(told)
            other.database.close()
        return Reply(status)

    receiver.reply = reply
    room.at(seconds=1).deliver(receiver)
    assert (room.delivery(told).state, len(receiver.received)) == ended


def test_slow_receivers_keep_none_of_the_others_waiting(room: PostRoom, receiver: Receiver) -> None:
    released = Event()
    room.seconds, room.threads = 60, 20
    receiver.reply = lambda one: Reply() if "slow" not in one.path or released.wait(60) else Reply(500)
    new, *known = (room.channel(receiver.url(f"/slow/{number}")) for number in range(10))
    room.knows_slow(*known)
    fast = [room.channel(receiver.url(f"/{name}")) for name in "abc"]
    for channel in (new, *known):
        room.tell(channel, count=6)
    told = [one for channel in fast for one in room.tell(channel, count=6)]
    with ThreadPoolExecutor(1) as background:
        run = background.submit(room.deliver, receiver)

        def paths() -> Counter[str]:
            return Counter(one.path for one in list(receiver.received))

        while not run.done() and (not paths()["/slow/0"] or sum(paths()[f"/{name}"] for name in "abc") < len(told)):
            released.wait(0.01)
        assert not run.done()
        held = Counter({path: count for path, count in paths().items() if "slow" in path})
        assert held.pop("/slow/0") <= MOST_AT_ONCE
        assert set(held.values()) <= {1}
        released.set()
        assert run.result().delivered == 60 + len(told)
    assert set(ids(receiver).values()) == {1}


def test_two_workers_at_once_share_the_work_and_double_nothing(
    room: PostRoom, receiver: Receiver, database_settings: PostgresSettings
) -> None:
    told = [one for name in "abc" for one in room.tell(room.channel(receiver.url(f"/{name}")), count=12)]
    receiver.reply = lambda _: Reply(after=0.01)
    databases = [Database(lambda: database_settings) for _ in range(3)]
    others = [PostRoom(one, room.namespace, room.now, credentials=room.credentials) for one in databases]
    with ThreadPoolExecutor(3) as workers:
        list(workers.map(lambda one: one.deliver(receiver), others))
    for one in databases:
        one.close()
    room.deliver(receiver)
    assert ids(receiver) == dict.fromkeys(told, 1)
    assert room.states() == {"SUCCESS": 36}
    assert receiver.most_at_once <= 3 * MOST_AT_ONCE


def test_whoever_has_fewer_threads_free_than_wait_gives_each_its_turn_and_none_more_than_it_bears(
    room: PostRoom, receiver: Receiver
) -> None:
    for path in ("/a", "/b"):
        room.tell(room.channel(receiver.url(path)), count=9)

    def claims(lease: str) -> Counter[str]:
        with room.begin(room.namespace) as work:
            waiting = work.store.waiting(room.now, 4)
            made = work.store.lease(waiting, 4, lease, room.now)
            assert not work.store.lease(
                [one for one in waiting if one.channel.id == made[0].channel.id], 4, "x", room.now
            )
            for claim in made:
                work.store.settle(claim.delivery, lease)
            work.commit()
        return Counter(claim.channel.id for claim in made)

    first, second = claims("first"), claims("second")
    assert [*first.values(), *second.values()] == [MOST_AT_ONCE] * 2
    assert first.keys().isdisjoint(second)


def test_a_worker_that_died_after_sending_has_its_message_sent_again_under_its_id(
    room: PostRoom, receiver: Receiver
) -> None:
    [told] = room.tell(room.channel(receiver.url()))
    with room.begin(room.namespace) as work:
        [endpoint] = work.store.waiting(room.now, 5)
        [claim] = work.store.lease([endpoint], 1, "dead", room.now)
        work.commit()
    assert room.deliver(receiver).delivered == 0
    assert room.at(seconds=61).deliver(receiver).delivered == 1
    with room.begin(room.namespace) as work:
        assert not work.store.settle(claim.delivery, "dead")
    assert json.loads(receiver.received[0].body)["id"] == told


def test_what_we_cannot_send_for_a_fault_of_ours_rings_and_fails_as_other_messages_do(
    room: PostRoom, receiver: Receiver
) -> None:
    lost, fine = (room.channel(receiver.url(path)) for path in ("/lost", "/fine"))
    del room.credentials[lost.id]
    [poison], [told] = room.tell(lost), room.tell(fine)
    with pytest.raises(KeyError):
        room.deliver(receiver)
    assert ids(receiver) == {told: 1}
    delivery = room.delivery(poison)
    assert (delivery.state, delivery.reason) == (DeliveryState.SENDING, OURS)
    assert delivery.next_attempt_at == room.now + OF_A_MESSAGE[0]
    with pytest.raises(KeyError):
        room.at(days=1).deliver(receiver)
    assert len(room.attempts(poison)) == 2


def test_the_bus_says_where_to_look_and_the_clock_looks_everywhere(
    room: PostRoom, receiver: Receiver, other_namespace: str
) -> None:
    other = PostRoom(room.database, other_namespace, room.now, credentials=room.credentials)
    rooms = (room, other)
    told = [one for each in rooms for one in each.tell(each.channel(receiver.url()))]
    woken = Woken(room.sender(receiver), room.begin, lambda: [one.namespace for one in rooms], lambda: room.now)
    body = json.dumps({"detail": {"namespace": other_namespace, "data": {}}})
    assert woken({"Records": [{"body": body}, {"body": body}]})["delivered"] == 1
    assert ids(receiver) == {told[1]: 1}
    assert woken({}) == {"delivered": 1, "failed": 0, "disabled": 0, "batchItemFailures": []}
    assert ids(receiver) == dict.fromkeys(told, 1)


def test_a_channel_that_had_no_turn_for_long_is_late_but_not_one_that_rests(room: PostRoom, receiver: Receiver) -> None:
    def late() -> int:
        with room.begin(room.namespace) as work:
            return work.store.late(room.now - timedelta(minutes=5))

    room.tell(room.channel(receiver.url()), count=3)
    assert late() == 0
    room.at(minutes=6)
    assert late() == 1
    receiver.reply = failing(503, Retry_After="3600")
    room.deliver(receiver)
    assert room.at(minutes=6)
    assert late() == 0
    room.at(minutes=60)
    assert late() == 1


def test_what_was_told_long_ago_is_deleted_with_its_attempts_unless_it_is_under_way(
    room: PostRoom, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, refusing = room.channel(receiver.url("/a")), room.channel(receiver.url("/b"))
    receiver.reply = lambda one: Reply(200 if one.path == "/a" else 500)
    room.tell(taken, count=3)
    [under_way] = room.tell(refusing)
    room.deliver(receiver)
    monkeypatch.setattr("meterhouse.notifications.forget._AT_ONCE", 2)
    store = begins(room.database, PostgresNotificationEvents)
    forget = ForgetNotifications(store, lambda: [room.namespace], lambda: room.now, lambda: timedelta(days=90))

    [late] = room.at(days=90).tell(taken)
    assert forget() == 0
    room.at(seconds=1)
    assert (forget(), forget()) == (3, 0)
    rows = [room.rows("SELECT event_id", "ORDER BY 1", f"notification_{what}") for what in ("deliveries", "attempts")]
    assert [[row["event_id"] for row in found] for found in rows] == [sorted((under_way, late)), [under_way]]
