from dataclasses import replace

import pytest

from meterhouse.subscriptions.model import SubscriptionStatus
from tests.unit.subscriptions.samples import at, fee, period, phase, subscription


@pytest.mark.parametrize(
    ("now", "end", "status"),
    [
        ("2020-12-31", None, SubscriptionStatus.SCHEDULED),
        ("2020-12-31", "2021-02-01", SubscriptionStatus.SCHEDULED),
        ("2021-01-01", None, SubscriptionStatus.ACTIVE),
        ("2021-01-31", "2021-02-01", SubscriptionStatus.CANCELED),
        ("2021-02-01", "2021-02-01", SubscriptionStatus.INACTIVE),
    ],
)
def test_the_status_is_derived_at_an_instant(now: str, end: str | None, status: SubscriptionStatus) -> None:
    assert subscription("2021-01-01", end=end).status_at(at(now)) is status


def test_two_that_only_touch_do_not_overlap_and_an_open_end_overlaps_all_that_follows() -> None:
    first, second = subscription("2021-01-01", end="2021-02-01"), subscription("2021-02-01")
    assert not first.overlaps(second)
    assert not second.overlaps(first)
    assert replace(first, active_to=None).overlaps(second)
    assert second.overlaps(subscription("2030-01-01", end="2031-01-01"))


def test_one_that_ended_as_it_started_overlaps_nothing() -> None:
    assert not subscription("2021-01-01", end="2021-01-01").overlaps(subscription("2020-01-01"))


def test_cancelation_cuts_the_running_phase_and_drops_those_that_never_start() -> None:
    phases = [phase("trial", "P2W", fee()), phase("paid", None, fee())]
    (trial,) = subscription("2021-01-01", phases=phases, end="2021-01-10").effective_phases()
    assert (trial.key, trial.active_to, trial.items[0].active_to) == ("trial", at("2021-01-10"), at("2021-01-10"))
    assert len(subscription("2021-01-01", phases=phases, end="2021-01-16").effective_phases()) == 2
    assert len(subscription("2021-01-01", phases=phases, end="2021-01-15").effective_phases()) == 1


def test_billing_periods_are_cut_at_the_start_of_a_phase_and_at_the_end() -> None:
    phases = [phase("trial", "P2W"), phase("paid", None)]
    made = subscription("2021-01-01", phases=phases, end="2021-02-10")
    assert made.billing_period_at(at("2021-01-14")) == period("2021-01-01", "2021-01-15")
    assert made.billing_period_at(at("2021-01-15")) == period("2021-01-15", "2021-02-01")
    assert made.billing_period_at(at("2021-02-09")) == period("2021-02-01", "2021-02-10")
    assert made.billing_period_at(at("2021-02-10")) is None
    assert made.billing_period_at(at("2020-12-31")) is None
