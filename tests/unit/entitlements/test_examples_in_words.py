"""The worked examples that are told in words: a run is made of each by hand."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from meterhouse.entitlements.balance import in_burn_order
from meterhouse.entitlements.burn_down import Balance, burn_down, opening
from meterhouse.entitlements.grant import Grant
from meterhouse.entitlements.history import History, history, marks_of, windows_between
from meterhouse.entitlements.reset_rules import new_reset
from meterhouse.entitlements.spec import ResetSpec
from meterhouse.entitlements.usage_period import ManualReset, UsagePeriods
from meterhouse.kernel.cadence import Cadence, CadenceUnit
from meterhouse.kernel.errors import InvalidInput, InvariantBroken
from meterhouse.kernel.instant import format_rfc3339
from meterhouse.metering.usage import WindowSize
from tests.unit.entitlements.burn_down_samples import HOUR, T, at, grant, reset, usage_left_overage, used
from tests.unit.entitlements.worked_examples import examples, grant_of

EXAMPLES = examples()
TOLD_IN_WORDS = {case.id for case in EXAMPLES.values() if not case.is_complete}


def test_every_example_that_is_no_run_has_a_test_of_its_name() -> None:
    written = {
        name.removeprefix("test_")[:5].replace("_", "-").upper() for name in globals() if name.startswith("test_")
    }

    assert written >= TOLD_IN_WORDS


def test_ce_22_a_run_of_no_length_gives_the_balance_it_started_from() -> None:
    start = Balance(T, T, overage=Decimal(5), usage=Decimal(7))

    run = burn_down(start, [], [], T, used({0: 50}))

    assert run.balance == start
    assert run.segments == []


def test_ce_20_a_balance_of_a_grant_that_does_not_exist_breaks_an_invariant() -> None:
    start = Balance(T, T, {"g1": Decimal(100), "unknown": Decimal(50)})

    with pytest.raises(InvariantBroken, match="unknown"):
        burn_down(start, [grant("g1")], [], at(1), used({}))


def test_cr_03_without_a_reset_usage_goes_on_from_the_start() -> None:
    grants = [grant("g1", begins=0), grant("g2", begins=2)]
    start = Balance(T, T, {"g1": Decimal(90)}, usage=Decimal(10), granted_usage=Decimal(10))

    run = burn_down(start, grants, [], at(24), used({1: 10}))

    assert run.balance.usage == 20
    assert len(run.segments) == 2


def test_cr_06_a_reset_at_the_start_of_a_run_is_refused() -> None:
    with pytest.raises(ValueError, match="later than the start"):
        burn_down(Balance(T, T), [], [reset(0)], at(1), used({}))


def test_cg_01_grants_burn_by_priority_then_expiry_then_creation_then_id() -> None:
    # instants within one minute are one: 100, 500 and 900 ms later is the same expiry
    ids = [grant.id for grant in in_burn_order([_ordered(given) for given in EXAMPLES["CG-01"].inputs["grants"]])]

    assert ids == EXAMPLES["CG-01"].expected["order"]


def _ordered(described: Mapping[str, Any]) -> Grant:
    base = datetime.fromisoformat(EXAMPLES["CG-01"].inputs["base"])
    begins = base + _offset(described.get("effective", "+0h"))
    created = base + _offset(described["created"])
    return grant_of({**described, "effective_at": format_rfc3339(begins), "created_at": format_rfc3339(created)})


def _offset(text: str) -> timedelta:
    if text.endswith("ms"):
        return timedelta(milliseconds=int(text[:-2]))
    return int(text[:-1]) * HOUR


def _after_reset(id_: str) -> Balance:
    inputs = EXAMPLES[id_].inputs
    lasts = 2 + 72
    grants = [
        grant(
            given["id"],
            given["amount"],
            2,
            lasts,
            priority=given.get("priority", 1),
            rollover=(given.get("min_rollover", 0), given["max_rollover"]),
        )
        for given in inputs["grants"]
    ]
    resets = [reset(5, preserving=inputs.get("preserve_overage", False))]
    return burn_down(opening(grants, T), grants, resets, at(5), used({1 / 60: inputs["usage"]})).balance


def test_er_01_what_is_left_rolls_over_up_to_the_most() -> None:
    balance = _after_reset("ER-01")

    expected = EXAMPLES["ER-01"].expected["after_reset"]
    assert balance.balances == expected["balances"]
    assert usage_left_overage(balance) == (0, expected["balance"], 0)


def test_er_03_preserved_overage_takes_what_rolls_over_and_what_exceeds_it_stays() -> None:
    balance = _after_reset("ER-03")

    expected = EXAMPLES["ER-03"].expected["after_reset"]
    assert usage_left_overage(balance) == (0, expected["balance"], expected["overage"])


def test_er_05_a_grant_that_begins_at_the_reset_is_whole() -> None:
    first = grant("g1", 1000)

    reset_alone = burn_down(opening([first], T), [first], [reset(5)], at(5), used({}))
    both = [first, grant("g2", 1000, begins=5)]
    with_another = burn_down(opening(both, T), both, [reset(5)], at(5), used({}))

    assert reset_alone.balance.remaining == EXAMPLES["ER-05"].expected["balance_after_reset"]
    assert with_another.balance.remaining == EXAMPLES["ER-05"].expected["balance_after_new_grant"]


def test_er_07_a_reset_drops_overage_that_is_not_preserved() -> None:
    balance = burn_down(Balance(T, T), [], [reset(5)], at(6), used({1: 100})).balance

    assert usage_left_overage(balance) == (0, 0, 0)


RESET_AT = {"before current period start": T - HOUR, "same minute as last reset": T + timedelta(seconds=59)}


def _refusal(id_: str) -> str:
    """Why usage whose period began at T cannot be reset as an example says."""
    spec = ResetSpec(RESET_AT[EXAMPLES[id_].inputs["reset_at"]])
    with pytest.raises(InvalidInput) as refused:
        new_reset(spec, UsagePeriods(Cadence(1, CadenceUnit.MONTH), T, T), at(5))
    [problem] = refused.value.problems
    return problem.message


def test_er_08_a_reset_before_the_current_period_is_refused() -> None:
    assert EXAMPLES["ER-08"].expected["error"]
    assert "before the current usage period" in _refusal("ER-08")


def test_er_10_a_reset_in_the_minute_of_the_last_one_is_refused() -> None:
    assert EXAMPLES["ER-10"].expected["error_contains"] in _refusal("ER-10")


def test_er_12_periods_follow_a_reset_that_does_not_retain_the_anchor() -> None:
    resets = [ManualReset(at(31), anchor=at(31), preserves_overage=False)]

    periods = UsagePeriods(Cadence(1, CadenceUnit.DAY), T, T, manual=resets)

    assert periods.anchor_at(at(31)) == at(31)
    assert (periods.at(at(31)).start, periods.at(at(31)).end) == (at(31), at(55))


def test_eb_01_usage_before_measuring_began_is_never_asked_for() -> None:
    run = burn_down(opening([], T), [], [], at(5), used({-1: 100}))

    assert usage_left_overage(run.balance) == (0, 0, 0)


def test_eb_03_without_grants_all_usage_since_the_reset_is_overage() -> None:
    run = burn_down(opening([], T), [], [reset(2)], at(5), used({1: 50, 3: 600}))

    assert usage_left_overage(run.balance) == (600, 0, 600)


def test_eb_05_what_is_left_rolls_over_each_day() -> None:
    periods = UsagePeriods(Cadence(1, CadenceUnit.DAY), T, T)
    grants = [grant("g1", 1000, rollover=(0, 1000))]

    run = burn_down(opening(grants, T), grants, list(periods.resets(T, at(9 * 24))), at(9 * 24), used({1: 200}))

    assert usage_left_overage(run.balance) == (0, 800, 0)


def test_eb_07_the_balance_is_the_same_with_and_without_a_snapshot() -> None:
    grants, usage = [grant("g1", 1000)], used({0: 200, 1: 100})
    snapshot = burn_down(opening(grants, T), grants, [], at(1), usage).balance

    told = EXAMPLES["EB-07"]
    expected = told.inputs["snapshot"]
    assert (snapshot.remaining, snapshot.usage, snapshot.granted_usage) == (
        expected["balance"],
        expected["usage"],
        expected["total_grant_usage"],
    )
    for start in (snapshot, opening(grants, T)):
        balance = burn_down(start, grants, [], at(2), usage).balance
        expected = told.expected
        assert usage_left_overage(balance) == (expected["usage"], expected["balance"], expected["overage"])
        assert balance.total_available == expected["total_available_grant_amount"]


def test_eb_08_converted_usage_burns_as_precisely_as_it_was_converted() -> None:
    told = EXAMPLES["EB-08"]
    usage = Decimal(told.inputs["raw_usage"]) / told.inputs["unit_config"]["factor"]
    grants = [grant("g1", told.inputs["grant"])]

    balance = burn_down(opening(grants, T), grants, [], at(1), used({0: usage})).balance

    # exactly, where OpenMeter needs a tolerance
    assert usage_left_overage(balance) == (Decimal("99.3"), Decimal("0.7"), 0)


@pytest.mark.parametrize("late", [0, 5, 11, 12, 20])
def test_eb_10_late_usage_at_any_time_keeps_granted_equal_to_usage_and_balance_less_overage(late: int) -> None:
    grants = [grant("g1", 100), grant("g2", 50, begins=10)]
    events = {2: 60, 8: 30}

    balance = burn_down(opening(grants, T), grants, [], at(24), used({**events, late: 75})).balance

    assert balance.usage + balance.remaining - balance.overage == 150


def _hours(grants: Sequence[Grant], usage: Mapping[float, int], until: int = 12) -> History:
    windows = windows_between(WindowSize.HOUR, ZoneInfo("UTC"), T, at(until))
    return history(opening(grants, T), grants, [], at(until), used(usage), windows)


def _assert_balances(shown: History, id_: str) -> None:
    expected = EXAMPLES[id_].expected
    starts = {str(hour): window.balance_at_start for hour, window in enumerate(shown.windows)}
    assert {hour: starts[hour] for hour in expected["balance_at_window_start"]} == expected["balance_at_window_start"]
    assert len(shown.segments) == expected["burn_down_segments"]


MINUTE = 1 / 60


def test_eh_01_windows_tell_the_balance_at_their_start_and_do_not_cut_segments() -> None:
    grants = [grant("g1", 10000), grant("g2", 10000, begins=3), grant("g3", 10000, begins=5.5)]
    events = {MINUTE: 100, 2 + MINUTE: 100, 3 + MINUTE: 100, 5 + MINUTE: 100, 8 + MINUTE: 1100, 11.99: 100}

    shown = _hours(grants, events)

    assert len(shown.windows) == EXAMPLES["EH-01"].inputs["n"]
    _assert_balances(shown, "EH-01")


def test_eh_03_a_grant_in_between_lifts_the_balance_of_the_next_window() -> None:
    # its usage is not told; this is what its balances come from
    events = {MINUTE: 100, 2 + MINUTE: 100, 3 + MINUTE: 100, 5 + MINUTE: 100, 8 + MINUTE: 1100}

    shown = _hours([grant("g1", 10000), grant("g2", 10000, begins=2)], events)

    _assert_balances(shown, "EH-03")


def test_eh_05_windows_span_a_reset() -> None:
    grants = [grant("g1", 10000), grant("g2", 7000, begins=12)]
    windows = windows_between(WindowSize.DAY, ZoneInfo("UTC"), T, at(48))
    usage = used({1: 100, 11: 500, 18: 300, 25: 1100})

    shown = history(opening(grants, T), grants, [reset(12)], at(48), usage, windows)

    days = [{"usage": window.usage, "balance_at_start": window.balance_at_start} for window in shown.windows]
    assert days == EXAMPLES["EH-05"].expected["days"]
    assert len(shown.segments) == EXAMPLES["EH-05"].expected["burn_down_segments"]
    assert marks_of(windows) == [T, at(24)]
