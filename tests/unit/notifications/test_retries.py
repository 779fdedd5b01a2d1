"""When messages are sent again: of a message that is not taken, and of an endpoint that takes nothing."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.notifications.notification import Delivery, DeliveryState
from meterhouse.notifications.outcome import Outcome, answered, retry_after
from meterhouse.notifications.retries import (
    DOWN_AFTER,
    GIVEN_UP_AFTER,
    GONE,
    LONGEST_RETRY_AFTER,
    MOST_AT_ONCE,
    NEVER_TAKEN,
    OF_A_MESSAGE,
    OF_AN_ENDPOINT,
    Health,
    after_attempt,
)

AT = datetime(2026, 3, 1, tzinfo=UTC)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
TAKEN = answered(204, b"", took=SECOND)
FAILED = answered(500, b"no", took=SECOND)
DELIVERY = Delivery("01J", "01K", DeliveryState.PENDING, AT, AT, AT)


def test_a_message_that_is_not_taken_is_tried_over_six_days_and_then_failed() -> None:
    at, waits, delivery, tries = AT, list[timedelta](), DELIVERY, 0
    while delivery.next_attempt_at is not None:
        tries += 1
        delivery = after_attempt(delivery, tries, Health().after(FAILED, at), FAILED, at)
        if delivery.next_attempt_at is not None:
            assert (delivery.state, delivery.reason) == (DeliveryState.SENDING, "answered 500")
            waits.append(delivery.next_attempt_at - at)
            at = delivery.next_attempt_at
    assert waits == list(OF_A_MESSAGE)
    assert at - AT > timedelta(days=6)
    assert (delivery.state, delivery.reason) == (DeliveryState.FAILED, "every attempt failed; the last: answered 500")


def test_an_endpoint_that_is_down_is_asked_ever_more_seldom_and_at_last_hourly() -> None:
    at, health, rests = AT, Health(), list[timedelta]()
    for number in range(1, 14):
        health = health.after(FAILED, at)
        assert health.is_down == (number >= DOWN_AFTER)
        if health.resting_until:
            rests.append(health.resting_until - at)
            at = health.resting_until
    assert rests == [*OF_AN_ENDPOINT, *[HOUR] * 4]
    assert health.failing_since == AT
    assert health.after(TAKEN, at) == Health(took=SECOND)


def test_what_is_tried_at_an_endpoint_that_is_down_costs_the_message_none_of_its_tries() -> None:
    down = Health(AT, DOWN_AFTER, AT + HOUR)
    tried = after_attempt(DELIVERY, len(OF_A_MESSAGE) + 5, down, FAILED, AT)
    assert (tried.state, tried.next_attempt_at) == (DeliveryState.SENDING, AT + HOUR)


def test_an_endpoint_is_given_up_at_once_when_gone_and_after_days_without_a_success() -> None:
    gone, late = answered(410, b"", took=SECOND), AT + GIVEN_UP_AFTER
    assert Health().after(gone, AT).given_up(gone, AT) == GONE
    assert Health(AT, 9).after(FAILED, late).given_up(FAILED, late) == NEVER_TAKEN
    assert Health(AT, 9).after(FAILED, late - SECOND).given_up(FAILED, late - SECOND) is None
    assert Health(AT, 9).after(TAKEN, late).given_up(TAKEN, late) is None


@pytest.mark.parametrize(
    ("asked", "wait"),
    [
        (timedelta(seconds=90), timedelta(seconds=90)),
        (timedelta(days=40), LONGEST_RETRY_AFTER),
        (None, timedelta(minutes=1)),
    ],
)
def test_who_asks_to_be_left_alone_is_left_alone_within_bounds(asked: timedelta | None, wait: timedelta) -> None:
    busy = answered(429, b"", took=SECOND, retry_after=asked)
    health = Health().after(busy, AT)
    assert health.resting_until == (AT + wait if asked else None)
    assert after_attempt(DELIVERY, 1, health, busy, AT).next_attempt_at == AT + wait


def test_slow_and_failing_endpoints_hold_one_connection_others_some() -> None:
    assert Health().at_once == Health().after(TAKEN, AT).at_once == MOST_AT_ONCE
    assert Health().after(answered(200, b"", took=3 * SECOND), AT).at_once == 1
    assert Health().after(FAILED, AT).at_once == 1


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("120", timedelta(minutes=2)),
        (" 5 ", timedelta(seconds=5)),
        ("Sun, 01 Mar 2026 01:00:00 GMT", HOUR),
        ("Sun, 01 Mar 2026 02:00:00 +0100", HOUR),
        ("9" * 400, timedelta(seconds=int("9" * 10))),
        ("Sat, 28 Feb 2026 01:00:00 GMT", None),
        ("Sun, 01 Mar 2026 01:00:00 -0000", None),
        ("0", None),
        ("-5", None),
        ("soon", None),
        ("", None),
        (None, None),
        ("٣", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, wait: timedelta | None) -> None:
    assert retry_after(value, AT) == wait


@given(st.text())
def test_no_retry_after_breaks_us(value: str) -> None:
    assert retry_after(value, AT) is None or retry_after(value, AT) > timedelta()  # type: ignore[operator]


def test_an_answer_is_taken_or_not_and_its_beginning_kept() -> None:
    assert [answered(status, b"", took=SECOND).succeeded for status in (199, 200, 299, 300, 404)] == [
        False, True, True, False, False,
    ]  # fmt: skip
    assert answered(302, b"", took=SECOND).fault == "answered 302, and no redirect is followed"
    odd = answered(200, b"\xff\0" + b"x" * 5000, took=SECOND)
    assert odd.body == "\ufffd\ufffd" + "x" * 1022
    assert not Outcome("no answer", SECOND).succeeded
