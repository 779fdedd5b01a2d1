from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from meterhouse.entitlements.entitlement import Allowance, Entitlement, EntitlementType, Issue
from meterhouse.entitlements.entitlement_rules import first_grants, grants_to_be, new_entitlement
from meterhouse.entitlements.spec import AllowanceSpec, EntitlementSpec, MeasureFrom, RecurrenceSpec
from meterhouse.entitlements.usage_period import UsagePeriods
from meterhouse.kernel.cadence import Cadence
from meterhouse.kernel.errors import Problems
from meterhouse.metering.aggregation import Aggregation
from tests.unit.entitlements.samples import METERED, MONTHLY, NOW, codes, entitled, grant_spec
from tests.unit.subscriptions.samples import at

MINUTE = at("2024-03-15T10:30:00Z")


def made(spec: EntitlementSpec, now: datetime = NOW) -> Entitlement:
    problems = Problems()
    entitlement = new_entitlement("entitlement", entitled(), spec, now, problems)
    assert codes(problems) == []
    return entitlement


def faults(spec: EntitlementSpec, aggregation: Aggregation | None = Aggregation.SUM) -> list[tuple[str, str]]:
    problems = Problems()
    entitlement = new_entitlement("entitlement", entitled(aggregation), spec, NOW, problems)
    first_grants(entitlement, spec, [str(number) for number in range(grants_to_be(spec))], problems)
    return codes(problems)


def metered(**terms: Any) -> EntitlementSpec:
    return replace(METERED, allowance=AllowanceSpec(**terms))


def test_a_metered_one_measures_from_the_minute_in_which_it_begins() -> None:
    entitlement = made(METERED)

    assert entitlement.allowance == Allowance(UsagePeriods(MONTHLY.cadence, at("2024-01-01"), MINUTE))
    assert (entitlement.active_from, entitlement.meter_id, entitlement.cycle) == (NOW, "meter", None)


@pytest.mark.parametrize(
    ("wanted", "measured_from"),
    [
        (None, "2024-05-10T08:30:00Z"),
        (MeasureFrom.NOW, "2024-03-15T10:30:00Z"),
        (MeasureFrom.CURRENT_PERIOD_START, "2024-05-01"),
        (at("2024-02-03T04:05:06Z"), "2024-02-03T04:05:00Z"),
        (at("2024-05-10T08:30:50Z"), "2024-05-10T08:30:00Z"),
    ],
)
def test_one_that_is_still_to_be_may_measure_up_to_where_it_begins(
    wanted: MeasureFrom | datetime | None, measured_from: str
) -> None:
    entitlement = made(replace(metered(measure_from=wanted), active_from=at("2024-05-10T08:30:50Z")))

    assert entitlement.allowance
    assert entitlement.allowance.periods.measured_from == at(measured_from)


def test_one_that_is_not_metered_may_have_periods_that_mean_nothing() -> None:
    spec = EntitlementSpec(EntitlementType.STATIC, feature_key="tokens", usage_period=MONTHLY, config="{}")
    entitlement = made(spec)

    assert entitlement.cycle == UsagePeriods(MONTHLY.cadence, at("2024-01-01"), MINUTE)
    assert (entitlement.allowance, entitlement.meter_id) == (None, None)
    assert entitlement.periods == entitlement.cycle


@pytest.mark.parametrize(
    ("spec", "fault"),
    [
        (replace(METERED, usage_period=None), ("/usagePeriod", "missing")),
        (replace(METERED, active_to=NOW), ("/activeTo", "before_active_from")),
        (
            replace(METERED, usage_period=RecurrenceSpec(Cadence.parse("P1201M"))),
            ("/usagePeriod/interval", "too_long"),
        ),
        (metered(measure_from=at("2024-03-15T10:31:00Z")), ("/measureUsageFrom", "in_the_future")),
        (metered(measure_from=at("1969-12-31T23:59:59Z")), ("/measureUsageFrom", "too_early")),
        (metered(issue=Issue(Decimal(1)), grants=[grant_spec()]), ("/grants", "issue_and_grants")),
        (metered(issue=Issue(Decimal(10) ** 20)), ("/issue/amount", "issue_out_of_range")),
    ],
)
def test_terms_that_mean_nothing_are_refused(spec: EntitlementSpec, fault: tuple[str, str]) -> None:
    assert faults(spec) == [fault]


@pytest.mark.parametrize(("years", "is_refused"), [(11, False), (12, True)])
def test_more_periods_than_a_burn_down_should_walk_are_refused(years: int, is_refused: bool) -> None:
    hourly = replace(
        metered(measure_from=NOW.replace(year=NOW.year - years)), usage_period=RecurrenceSpec(Cadence.parse("PT1H"))
    )

    assert faults(hourly) == ([("/measureUsageFrom", "too_many_periods")] if is_refused else [])


def test_all_faults_are_told_at_once() -> None:
    spec = replace(
        METERED, active_to=NOW, allowance=AllowanceSpec(grants=[grant_spec(), grant_spec(amount=Decimal(0))])
    )

    assert faults(spec, aggregation=None) == [
        ("/featureKey", "feature_not_metered"),
        ("/activeTo", "before_active_from"),
        ("/grants/1/amount", "not_positive"),
    ]


@pytest.mark.parametrize("aggregation", list(Aggregation))
def test_a_balance_needs_an_aggregation_that_can_burn_it(aggregation: Aggregation) -> None:
    found = faults(replace(METERED, feature_id="feature"), aggregation)

    assert found == ([] if aggregation.can_be_entitled else [("/featureId", "unsupported_aggregation")])
    assert faults(EntitlementSpec(EntitlementType.BOOLEAN, feature_key="tokens"), aggregation) == []


def test_an_archived_feature_is_not_to_be_had() -> None:
    archived = entitled().feature.archived(NOW)
    problems = Problems()

    new_entitlement("entitlement", replace(entitled(), feature=archived), METERED, NOW, problems)

    assert codes(problems) == [("/featureKey", "feature_archived")]


def test_an_issue_is_a_grant_from_where_usage_is_measured() -> None:
    spec = metered(issue=Issue(Decimal(7), priority=3), measure_from=at("2024-01-05"))
    entitlement = made(spec)

    [grant] = first_grants(entitlement, spec, ["grant"], Problems())

    assert {grant.amount, grant.min_rollover, grant.max_rollover} == {Decimal(7)}
    assert grant.priority == 3
    assert (grant.effective_at, grant.ends_at, grant.created_at) == (at("2024-01-05"), None, NOW)


def test_an_issue_of_nothing_is_no_grant() -> None:
    spec = metered(issue=Issue(Decimal(0)))

    assert first_grants(made(spec), spec, ["grant"], Problems()) == []
