from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from meterhouse.entitlements.reservation import (
    LARGEST_AMOUNT,
    LONGEST_TERM,
    Reservation,
    ReservationState,
    Settlement,
    check_amount,
    check_term,
    event_ids,
)
from meterhouse.kernel.errors import Conflict, InvalidInput, Problems
from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.extract import BOUND

AT = datetime(2024, 1, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
UNTIL = AT + timedelta(minutes=15)
HELD = Reservation("01R", "01E", "01C", Decimal(10), AT, UNTIL, "acme")


def settlement(amount: str = "7", data: str = '{"tokens": 7}', at: datetime = AT) -> Settlement:
    return Settlement(Decimal(amount), at, "acme", data)


def test_a_hold_is_open_until_its_time_and_expired_from_then_on() -> None:
    assert HELD.state(UNTIL - SECOND) is ReservationState.OPEN
    assert HELD.state(UNTIL) is ReservationState.EXPIRED


def test_a_hold_that_was_settled_or_released_is_that_for_ever() -> None:
    assert HELD.settled(settlement()).state(UNTIL + SECOND) is ReservationState.SETTLED
    assert HELD.released(AT).state(UNTIL + SECOND) is ReservationState.RELEASED


def test_more_than_was_held_can_be_settled() -> None:
    assert HELD.settled(settlement("11")).settlement == settlement("11")


def test_settling_again_alike_keeps_the_first_settlement() -> None:
    first = HELD.settled(settlement("7", '{"model": "a", "tokens": 7}'))

    assert first.settled(settlement("7.0", '{"tokens":7.0,"model":"a"}', AT + SECOND)) is first


@pytest.mark.parametrize("other", [settlement("8"), settlement("7", '{"tokens": 7, "model": "b"}')])
def test_settling_again_otherwise_is_a_conflict_that_tells_what_was_settled(other: Settlement) -> None:
    with pytest.raises(Conflict, match="settled at 7") as raised:
        HELD.settled(settlement()).settled(other)
    assert raised.value.code == "reservation_settled"


def test_what_was_released_is_not_settled() -> None:
    with pytest.raises(Conflict) as raised:
        HELD.released(AT).settled(settlement())
    assert raised.value.code == "reservation_released"


def test_what_was_settled_is_not_released() -> None:
    with pytest.raises(Conflict) as raised:
        HELD.settled(settlement()).released(AT)
    assert raised.value.code == "reservation_settled"


def test_releasing_again_keeps_the_first_instant() -> None:
    assert HELD.released(AT).released(UNTIL).released_at == AT


def test_the_event_of_a_sum_has_the_reservations_id() -> None:
    assert event_ids("01R", Aggregation.SUM, Decimal("7.5")) == ["01R"]


def test_a_counted_unit_is_an_event_of_its_own() -> None:
    assert event_ids("01R", Aggregation.COUNT, Decimal(3)) == ["01R", "01R/2", "01R/3"]


@pytest.mark.parametrize("aggregation", [Aggregation.SUM, Aggregation.COUNT])
def test_nothing_used_is_no_event(aggregation: Aggregation) -> None:
    assert event_ids("01R", aggregation, Decimal(0)) == []


@pytest.mark.parametrize(
    ("aggregation", "amount", "code"),
    [
        (Aggregation.SUM, "99999999999999999999.999999999999999999", None),
        (Aggregation.SUM, "100000000000000000000", "amount_out_of_range"),
        (Aggregation.SUM, "0.0000000000000000001", "amount_out_of_range"),
        (Aggregation.COUNT, "1000", None),
        (Aggregation.COUNT, "1001", "amount_not_countable"),
        (Aggregation.COUNT, "1.5", "amount_not_countable"),
    ],
)
def test_an_amount_is_one_that_usage_can_be(aggregation: Aggregation, amount: str, code: str | None) -> None:
    problems = Problems()
    check_amount(aggregation, Decimal(amount), problems)
    assert len(problems) == (code is not None)
    if code is not None:
        with pytest.raises(InvalidInput) as raised:
            problems.raise_if_any("")
        assert [(problem.field, problem.code) for problem in raised.value.problems] == [("/amount", code)]


def test_amounts_are_bound_as_values_of_meters_are() -> None:
    assert LARGEST_AMOUNT == BOUND


@pytest.mark.parametrize(
    ("expires_at", "is_sound"),
    [(AT, False), (AT + SECOND, True), (AT + LONGEST_TERM, True), (AT + LONGEST_TERM + SECOND, False)],
)
def test_a_hold_lasts_longer_than_nothing_and_a_day_at_most(expires_at: datetime, *, is_sound: bool) -> None:
    problems = Problems()
    check_term(expires_at, AT, problems)
    assert (len(problems) == 0) is is_sound
