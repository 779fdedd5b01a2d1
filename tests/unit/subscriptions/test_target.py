from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.catalog.price import PaymentTerm
from meterhouse.catalog.rate_card import RateCard
from meterhouse.kernel.cadence import Cadence, index_at
from meterhouse.kernel.period import Period, share
from meterhouse.subscriptions.model import Subscription
from meterhouse.subscriptions.spec import Terms, subscribe
from meterhouse.subscriptions.target import TargetLine, target_lines
from tests.unit.subscriptions.samples import (
    CUSTOMER_ID,
    SUBSCRIPTION_ID,
    at,
    card,
    fee,
    period,
    phase,
    spec,
    subscription,
    usage,
)


def services(made: Subscription, horizon: str) -> list[Period]:
    return [line.service_period for line in target_lines(made, at(horizon))]


def test_an_item_in_arrears_has_a_line_for_each_period_that_starts_before_the_horizon() -> None:
    daily = subscription("2021-01-01", [usage(cadence="P1D")], cadence="P1D")
    assert services(daily, "2021-01-03") == [period("2021-01-01", "2021-01-02"), period("2021-01-02", "2021-01-03")]


def test_an_item_in_advance_has_one_period_beyond_the_horizon() -> None:
    daily = subscription("2021-01-01", [fee(cadence="P1D")], cadence="P1D")
    assert services(daily, "2021-01-03") == [
        period("2021-01-01", "2021-01-02"),
        period("2021-01-02", "2021-01-03"),
        period("2021-01-03", "2021-01-04"),
    ]


def test_in_advance_a_whole_billing_period_of_smaller_periods_is_invoiced_at_its_start() -> None:
    lines = target_lines(subscription("2021-01-01", [fee(cadence="P1D")]), at("2021-01-01"))
    assert len(lines) == 31
    assert {line.invoice_at for line in lines} == {at("2021-01-01")}


def test_usage_of_smaller_periods_waits_for_the_end_of_the_billing_period() -> None:
    lines = target_lines(subscription("2021-01-01", [usage(cadence="P1D")]), at("2021-01-03"))
    assert {line.invoice_at for line in lines} == {at("2021-02-01")}


def test_in_arrears_a_period_longer_than_the_billing_period_is_invoiced_at_its_own_end() -> None:
    yearly = usage(cadence="P1Y")
    assert [line.invoice_at for line in target_lines(subscription("2021-01-01", [yearly]), at("2021-06-01"))] == [
        at("2022-01-01")
    ]


def test_a_partial_first_period_keeps_its_full_service_period_as_base_of_proration() -> None:
    made = subscription("2024-01-21T21:55:18Z", [fee()], anchor="2024-01-01")
    first, second = target_lines(made, at("2024-02-01"))
    assert first.service_period == period("2024-01-21T21:55:18Z", "2024-02-01")
    assert first.full_service_period == period("2024-01-01", "2024-02-01")
    assert first.billing_period == first.service_period
    assert f"{20 * share(first.service_period, first.full_service_period).__float__():.2f}" == "6.51"
    assert second.service_period == second.full_service_period == period("2024-02-01", "2024-03-01")


def test_cancelation_cuts_service_and_billing_period_but_not_the_full_service_period() -> None:
    (line,) = target_lines(subscription("2021-01-01", [usage()], end="2021-01-03"), at("2021-03-01"))
    assert line.service_period == line.billing_period == period("2021-01-01", "2021-01-03")
    assert line.full_service_period == period("2021-01-01", "2021-02-01")
    assert line.invoice_at == at("2021-01-03")


def test_a_quarter_canceled_after_a_month_serves_31_of_91_days() -> None:
    quarterly = subscription("2024-01-01", [fee(amount="9", cadence="P3M")], end="2024-02-01", cadence="P3M")
    (line,) = target_lines(quarterly, at("2025-01-01"))
    assert share(line.service_period, line.full_service_period).as_integer_ratio() == (31, 91)


def test_phases_cut_billing_periods_and_each_counts_its_own() -> None:
    made = subscription("2021-01-01", phases=[phase("trial", "P2W", usage()), phase("paid", None, usage())])
    first, second = target_lines(made, at("2021-01-20"))
    assert (first.service_period, first.invoice_at) == (period("2021-01-01", "2021-01-15"), at("2021-01-15"))
    assert (second.service_period, second.invoice_at) == (period("2021-01-15", "2021-02-01"), at("2021-02-01"))
    assert first.key == f"{SUBSCRIPTION_ID}/trial/usage/v[0]/period[0]"
    assert second.key == f"{SUBSCRIPTION_ID}/paid/usage/v[0]/period[0]"


def test_a_phase_that_has_not_begun_has_no_lines() -> None:
    made = subscription("2021-01-01", phases=[phase("trial", "P1M", usage()), phase("paid", None, fee())])
    assert {line.item_key for line in target_lines(made, at("2021-01-31"))} == {"usage"}
    assert {line.item_key for line in target_lines(made, at("2021-02-01"))} == {"usage", "fee"}


def test_a_fee_charged_once_in_advance_is_due_at_the_start_and_never_prorated() -> None:
    made = subscription("2021-01-15", [fee(cadence=None)], anchor="2021-01-01")
    (line,) = target_lines(made, at("2023-01-01"))
    assert line.invoice_at == at("2021-01-15")
    assert line.service_period == line.full_service_period == period("2021-01-15", "2021-02-01")


def test_a_fee_charged_once_in_arrears_is_due_when_its_item_ends_and_never_without_an_end() -> None:
    once = fee(cadence=None, term=PaymentTerm.IN_ARREARS)
    assert target_lines(subscription("2021-01-01", [once]), at("2030-01-01")) == []
    (line,) = target_lines(subscription("2021-01-01", [once], end="2021-03-10"), at("2021-02-01"))
    assert line.service_period == line.full_service_period == period("2021-01-01", "2021-03-10")
    assert line.invoice_at == at("2021-03-10")


@pytest.mark.parametrize(
    "free", [card("free", None), card("once_free", None, None), fee(amount="0"), fee(amount="0.00")]
)
def test_what_is_free_has_no_lines(free: RateCard) -> None:
    assert target_lines(subscription("2021-01-01", [free]), at("2022-01-01")) == []


def test_a_scheduled_a_deleted_and_a_never_begun_subscription_have_no_lines() -> None:
    made = subscription("2021-01-01", [fee(), usage()])
    assert target_lines(made, at("2020-12-31")) == []
    assert target_lines(replace(made, deleted_at=at("2020-12-01")), at("2022-01-01")) == []
    assert target_lines(replace(made, active_to=made.active_from), at("2022-01-01")) == []


def test_an_anchor_on_the_31st_falls_on_the_last_day_of_short_months_only() -> None:
    lines = target_lines(subscription("2023-01-31", [usage()]), at("2023-05-01"))
    assert [line.service_period.start for line in lines] == [
        at("2023-01-31"),
        at("2023-02-28"),
        at("2023-03-31"),
        at("2023-04-30"),
    ]


STARTS = st.datetimes(datetime(2012, 1, 1), datetime(2025, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - Hypothesis adds the zone
MONTH_ENDS = st.tuples(st.sampled_from([1, 3, 5]), st.integers(29, 31)).map(
    lambda drawn: datetime(2024, *drawn, 12, tzinfo=UTC)
)
LENGTHS = st.integers(0, 400).map(lambda days: timedelta(days=days, hours=days % 24))
CARDS = st.lists(
    st.one_of(
        st.sampled_from(["P1D", "P1M", "P3M", "P1Y"]).map(lambda cadence: fee(cadence=cadence)),
        st.sampled_from(["P1D", "P1M", "P3M"]).map(lambda cadence: usage(cadence=cadence)),
        st.sampled_from(PaymentTerm).map(lambda term: fee("once", cadence=None, term=term)),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda drawn: drawn.key,
)


@st.composite
def subscriptions(draw: st.DrawFn) -> Subscription:
    start = draw(st.one_of(STARTS, MONTH_ENDS))
    trial = phase("trial", draw(st.sampled_from(["P2W", "P1M", "P45D"])), *draw(CARDS))
    phases = [*([trial] if draw(st.booleans()) else []), phase("paid", None, *draw(CARDS))]
    anchor = draw(st.one_of(st.none(), MONTH_ENDS))
    terms = Terms(SUBSCRIPTION_ID, CUSTOMER_ID, start, start, billing_anchor=anchor)
    end = draw(st.one_of(st.none(), LENGTHS.map(lambda length: start + length)))
    return replace(subscribe(spec(*phases), terms), active_to=end)


def by_item(lines: list[TargetLine]) -> dict[str, list[TargetLine]]:
    return {line.item_id: [other for other in lines if other.item_id == line.item_id] for line in lines}


@given(subscriptions(), LENGTHS)
def test_periods_of_an_item_tile_its_life_up_to_the_last(made: Subscription, ahead: timedelta) -> None:
    horizon = made.active_from + ahead
    starts = {item.id: item.active_from for drawn in made.phases for item in drawn.items}
    for item_id, lines in by_item(target_lines(made, horizon)).items():
        assert lines[0].service_period.start == starts[item_id]
        assert all(before.service_period.end == after.service_period.start for before, after in pairwise(lines))
        assert all(line.full_service_period.intersection(line.service_period) == line.service_period for line in lines)
        assert made.active_to is None or lines[-1].service_period.end <= made.active_to


@given(subscriptions(), LENGTHS, LENGTHS)
def test_a_later_horizon_gives_the_same_lines_and_more(made: Subscription, ahead: timedelta, more: timedelta) -> None:
    earlier = target_lines(made, made.active_from + ahead)
    later = {line.key: line for line in target_lines(made, made.active_from + ahead + more)}
    assert all(later[line.key] == line for line in earlier)


@given(subscriptions(), LENGTHS)
def test_whatever_is_due_at_the_horizon_is_there_and_two_runs_are_equal(made: Subscription, ahead: timedelta) -> None:
    horizon = made.active_from + ahead
    lines = target_lines(made, horizon)
    assert lines == target_lines(made, horizon)
    assert len({line.key for line in lines}) == len(lines)
    far = target_lines(made, horizon + timedelta(days=800))
    assert {line.key for line in far if line.invoice_at <= horizon} <= {line.key for line in lines}


@given(subscriptions(), LENGTHS)
def test_a_line_is_invoiced_at_an_edge_of_its_billing_period_or_at_the_end_of_its_service(
    made: Subscription, ahead: timedelta
) -> None:
    for line in target_lines(made, made.active_from + ahead):
        edges = {line.billing_period.start} if line.rate_card.is_in_advance else {line.billing_period.end}
        assert line.invoice_at in edges | {line.service_period.end}
        assert line.billing_period.contains(line.service_period.start)
        cadence: Cadence = made.billing_cadence
        last_instant = line.billing_period.end - timedelta(microseconds=1)
        assert index_at(made.billing_anchor, cadence, line.billing_period.start) == index_at(
            made.billing_anchor, cadence, last_instant
        )
