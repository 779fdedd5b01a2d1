from datetime import datetime

import pytest

from meterhouse.entitlements.reset_rules import new_reset
from meterhouse.entitlements.spec import ResetSpec
from meterhouse.entitlements.usage_period import ManualReset, UsagePeriods
from meterhouse.kernel.cadence import Cadence
from meterhouse.kernel.errors import InvalidInput
from tests.unit.entitlements.samples import NOW, periods
from tests.unit.subscriptions.samples import at

MARCH_10 = ManualReset(at("2024-03-10"), at("2024-03-10"), preserves_overage=False)


def refused(spec: ResetSpec, of: UsagePeriods, now: datetime = NOW) -> str:
    with pytest.raises(InvalidInput) as error:
        new_reset(spec, of, now)
    [problem] = error.value.problems
    return problem.code


def test_periods_begin_with_it_at_its_minute() -> None:
    minute = at("2024-03-15T10:30:00Z")

    assert new_reset(ResetSpec(), periods(), NOW) == ManualReset(minute, minute, preserves_overage=False)


def test_it_may_retain_the_anchor_in_force() -> None:
    retaining = ResetSpec(retains_anchor=True)

    assert new_reset(retaining, periods(), NOW).anchor == at("2024-01-01")
    assert new_reset(retaining, periods(MARCH_10), NOW).anchor == at("2024-03-10")


def test_overage_is_kept_as_it_says_or_else_as_the_calendar_does() -> None:
    keeping = UsagePeriods(Cadence.parse("P1M"), at("2024-01-01"), at("2024-01-01"), preserves_overage=True)

    assert new_reset(ResetSpec(), keeping, NOW).preserves_overage
    assert not new_reset(ResetSpec(preserves_overage=False), keeping, NOW).preserves_overage
    assert new_reset(ResetSpec(preserves_overage=True), periods(), NOW).preserves_overage


@pytest.mark.parametrize(
    ("effective_at", "code"),
    [
        ("2024-03-15T10:30:41Z", "in_the_future"),
        ("2024-02-29T23:59:00Z", "before_current_usage_period"),
        ("2024-03-01T00:00:59Z", "not_after_last_reset"),
    ],
)
def test_it_lies_in_the_current_period_and_after_the_calendar_s_reset(effective_at: str, code: str) -> None:
    assert refused(ResetSpec(at(effective_at)), periods()) == code


def test_it_lies_after_the_last_one_by_hand() -> None:
    assert refused(ResetSpec(at("2024-03-10T00:00:30Z")), periods(MARCH_10)) == "not_after_last_reset"
    assert refused(ResetSpec(at("2024-03-09T23:59:59Z")), periods(MARCH_10)) == "before_current_usage_period"
    assert new_reset(ResetSpec(at("2024-03-10T00:01:00Z")), periods(MARCH_10), NOW).at == at("2024-03-10T00:01:00Z")
