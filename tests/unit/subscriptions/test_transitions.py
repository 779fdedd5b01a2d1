import pytest

from meterhouse.kernel.errors import Conflict, InvalidInput
from meterhouse.subscriptions.model import Subscription
from meterhouse.subscriptions.timing import Soon, Timing, starts_at
from meterhouse.subscriptions.transitions import canceled, continued, deleted
from tests.unit.subscriptions.samples import at, phase, subscription

NOW = at("2021-03-20T12:00:00Z")
RUNNING = subscription("2021-01-15")
ENDING = subscription("2021-01-15", end="2021-04-15")
SCHEDULED = subscription("2021-04-01")
ENDED = subscription("2021-01-15", end="2021-02-15")


@pytest.mark.parametrize(
    ("timing", "end"),
    [
        (Soon.IMMEDIATE, NOW),
        (Soon.NEXT_BILLING_CYCLE, at("2021-04-15")),
        (at("2021-04-15"), at("2021-04-15")),
        (at("2022-01-15"), at("2022-01-15")),
    ],
)
def test_a_running_subscription_ends_when_it_is_told_to(timing: Timing, end: object) -> None:
    made = canceled(RUNNING, timing, NOW)
    assert (made.active_to, made.updated_at) == (end, NOW)


def test_the_next_billing_cycle_starts_where_the_next_phase_does() -> None:
    made = subscription("2021-03-15", phases=[phase("trial", "P2W"), phase("paid", None)])
    assert canceled(made, Soon.NEXT_BILLING_CYCLE, NOW).active_to == at("2021-03-29")


@pytest.mark.parametrize(
    ("instant", "code"), [("2021-02-15", "timing_in_the_past"), ("2021-04-16", "timing_not_aligned")]
)
def test_an_end_in_the_past_or_within_a_billing_period_is_refused(instant: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        canceled(RUNNING, at(instant), NOW)
    assert [(problem.field, problem.code) for problem in refused.value.problems] == [("/timing", code)]


def test_canceling_again_to_the_same_end_changes_nothing_and_to_another_is_a_conflict() -> None:
    assert canceled(ENDING, Soon.NEXT_BILLING_CYCLE, NOW) is ENDING
    assert canceled(ENDING, at("2021-04-15"), NOW) is ENDING
    with pytest.raises(Conflict):
        canceled(ENDING, Soon.IMMEDIATE, NOW)


@pytest.mark.parametrize("made", [SCHEDULED, ENDED], ids=["scheduled", "ended"])
def test_what_does_not_run_cannot_be_canceled(made: Subscription) -> None:
    with pytest.raises(Conflict):
        canceled(made, Soon.IMMEDIATE, NOW)


def test_a_cancelation_is_unscheduled_until_it_takes_effect() -> None:
    assert continued(ENDING, NOW).active_to is None
    for made in (RUNNING, SCHEDULED, ENDED):
        with pytest.raises(Conflict):
            continued(made, NOW)


def test_only_what_has_not_started_is_deleted() -> None:
    assert deleted(SCHEDULED, NOW).deleted_at == NOW
    for made in (RUNNING, ENDING, ENDED):
        with pytest.raises(Conflict):
            deleted(made, NOW)


def test_a_new_subscription_may_start_in_the_past_but_not_before_1970_nor_at_a_cycle_it_does_not_have() -> None:
    assert starts_at(Soon.IMMEDIATE, NOW) == NOW
    assert starts_at(at("2013-01-01"), NOW) == at("2013-01-01")
    for timing in (Soon.NEXT_BILLING_CYCLE, at("1969-12-31T23:59:59Z")):
        with pytest.raises(InvalidInput):
            starts_at(timing, NOW)
