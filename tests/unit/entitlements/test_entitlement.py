from dataclasses import replace

import pytest

from meterhouse.entitlements.entitlement import ceil_minute, floor_minute
from meterhouse.entitlements.usage_period import ManualReset
from meterhouse.kernel.errors import InvariantBroken
from tests.unit.entitlements.samples import BEGIN, entitlement, periods
from tests.unit.subscriptions.samples import at

FEBRUARY, MARCH, APRIL = at("2024-02-01"), at("2024-03-01"), at("2024-04-01")


def test_it_is_active_from_its_begin_up_to_its_end() -> None:
    one = entitlement(FEBRUARY, MARCH)

    assert [one.is_active(moment) for moment in (BEGIN, FEBRUARY, at("2024-02-29"), MARCH)] == [
        False,
        True,
        True,
        False,
    ]


def test_two_overlap_where_both_are_active_at_some_instant() -> None:
    one = entitlement(FEBRUARY, MARCH)

    assert one.overlaps(entitlement(BEGIN))
    assert one.overlaps(entitlement(BEGIN, at("2024-02-02")))
    assert not one.overlaps(entitlement(BEGIN, FEBRUARY))
    assert not one.overlaps(entitlement(MARCH))
    assert not one.overlaps(entitlement(at("2024-02-10"), at("2024-02-10")))
    assert not entitlement(at("2024-02-10"), at("2024-02-10")).overlaps(one)


def test_it_ends_no_later_than_it_would_have_and_never_before_it_begins() -> None:
    assert entitlement(FEBRUARY).ended(MARCH).active_to == MARCH
    assert entitlement(FEBRUARY, MARCH).ended(APRIL).active_to == MARCH
    assert entitlement(MARCH).ended(FEBRUARY).active_to == MARCH
    assert entitlement(FEBRUARY).ended(MARCH).deleted_at == MARCH
    assert entitlement(FEBRUARY).ended(MARCH).changes == 1


def test_what_ended_or_never_begins_is_over() -> None:
    assert not entitlement(FEBRUARY).is_over(APRIL)
    assert not entitlement(FEBRUARY, MARCH).is_over(FEBRUARY)
    assert entitlement(FEBRUARY, MARCH).is_over(MARCH)
    assert entitlement(MARCH).ended(BEGIN).is_over(FEBRUARY)


def test_a_reset_is_one_more_change() -> None:
    reset = ManualReset(MARCH, MARCH, preserves_overage=True)
    after = entitlement().reset(reset, MARCH)

    assert (after.periods, after.changes, after.updated_at) == (periods(reset), 1, MARCH)


def test_what_has_no_usage_is_not_reset() -> None:
    with pytest.raises(InvariantBroken):
        replace(entitlement(), allowance=None).reset(ManualReset(MARCH, MARCH, preserves_overage=True), MARCH)


def test_instants_are_cut_or_filled_to_the_minute() -> None:
    middle = at("2024-01-01T00:00:00.000001Z")

    assert floor_minute(middle) == ceil_minute(BEGIN) == BEGIN
    assert ceil_minute(middle) == at("2024-01-01T00:01:00Z")
