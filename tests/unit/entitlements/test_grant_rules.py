from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from meterhouse.entitlements.grant import Grant, Recurrence
from meterhouse.entitlements.grant_rules import new_grant, voided
from meterhouse.entitlements.spec import RecurrenceSpec
from meterhouse.entitlements.usage_period import ManualReset
from meterhouse.kernel.cadence import Cadence
from meterhouse.kernel.errors import InvalidInput, Problems
from tests.unit.entitlements.samples import NOW, bounds, codes, grant_spec, periods
from tests.unit.subscriptions.samples import at

DAILY = Cadence.parse("P1D")


def made(*manual: ManualReset, **fields: Any) -> Grant:
    problems = Problems()
    grant = new_grant("grant", bounds(*manual), grant_spec(**fields), problems)
    assert codes(problems) == []
    return grant


def faults(*manual: ManualReset, **fields: Any) -> list[tuple[str, str]]:
    problems = Problems()
    new_grant("grant", bounds(*manual), grant_spec(**fields), problems, "/grants/0")
    return codes(problems)


def refused(grant: Grant, instant: datetime | None, now: datetime = NOW) -> list[str]:
    with pytest.raises(InvalidInput) as error:
        voided(grant, instant, periods(), now)
    return [problem.code for problem in error.value.problems]


def test_all_of_it_rolls_over_unless_told_otherwise() -> None:
    assert (made().min_rollover, made().max_rollover) == (Decimal(0), Decimal(10))
    assert made(max_rollover=Decimal(3)).max_rollover == 3


def test_it_recurs_from_where_it_takes_effect_unless_anchored() -> None:
    at_minute = at("2024-03-15T10:30:00Z")

    assert made(recurrence=RecurrenceSpec(DAILY)).recurrence == Recurrence(DAILY, at_minute)
    anchored = made(recurrence=RecurrenceSpec(DAILY, at("2024-01-01T06:00:59Z")))
    assert anchored.recurrence == Recurrence(DAILY, at("2024-01-01T06:00:00Z"))


@pytest.mark.parametrize(
    ("effective_at", "expiration", "expires_at"),
    [
        ("2024-03-31", "P1M", "2024-04-30"),
        ("2025-01-31", "P1M", "2025-02-28"),
        ("2024-03-31", "PT36H", "2024-04-01T12:00:00Z"),
        ("2199-12-31", "P1000Y", "3199-12-31"),
    ],
)
def test_it_expires_where_the_month_ends_and_not_beyond(effective_at: str, expiration: str, expires_at: str) -> None:
    grant = made(effective_at=at(effective_at), expiration=Cadence.parse(expiration))

    assert grant.expires_at == at(expires_at)


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"amount": Decimal(0)}, ("amount", "not_positive")),
        ({"min_rollover": Decimal(-1)}, ("minRolloverAmount", "negative")),
        ({"min_rollover": Decimal(11)}, ("minRolloverAmount", "min_above_max")),
        ({"recurrence": RecurrenceSpec(Cadence.parse("P101Y"))}, ("recurrence/interval", "too_long")),
        ({"recurrence": RecurrenceSpec(Cadence.parse("P9999Y"))}, ("recurrence/interval", "too_long")),
        ({"effective_at": at("2200-01-01")}, ("effectiveAt", "too_late")),
        ({"effective_at": at("9999-12-31"), "expiration": DAILY}, ("effectiveAt", "too_late")),
        ({"effective_at": at("2024-02-29T23:59:59Z")}, ("effectiveAt", "before_current_usage_period")),
    ],
)
def test_terms_that_mean_nothing_are_refused(fields: dict[str, Any], fault: tuple[str, str]) -> None:
    assert faults(**fields) == [(f"/grants/0/{fault[0]}", fault[1])]


def test_it_may_take_effect_where_usage_was_reset_by_hand_and_not_before() -> None:
    reset = ManualReset(at("2024-03-10"), at("2024-03-10"), preserves_overage=False)

    assert faults(reset, effective_at=at("2024-03-10")) == []
    assert faults(reset, effective_at=at("2024-03-09T23:59:00Z")) == [
        ("/grants/0/effectiveAt", "before_current_usage_period")
    ]


def test_it_is_voided_at_the_minute() -> None:
    later = at("2024-03-20T10:00:59Z")

    assert voided(made(), None, periods(), later).voided_at == at("2024-03-20T10:00:00Z")
    assert voided(made(), at("2024-03-18T01:02:03Z"), periods(), later).voided_at == at("2024-03-18T01:02:00Z")
    assert voided(made(), None, periods(), later).updated_at == later


def test_it_is_voided_once_and_in_the_current_period_and_not_ahead() -> None:
    once = voided(made(), None, periods(), NOW)

    assert refused(once, None) == ["grant_already_voided"]
    assert refused(made(), at("2024-03-15T10:30:41Z")) == ["in_the_future"]
    assert refused(made(), at("2024-03-31T23:59:59Z"), at("2024-04-01")) == ["before_current_usage_period"]
