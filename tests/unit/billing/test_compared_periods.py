"""Which periods are compared, and which phase of a plan stands in for which of a subscription."""

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from meterhouse.billing.compared_periods import Stretch, last_stretches, targets_within, under
from meterhouse.catalog.plan import PlanSpec
from meterhouse.kernel.cadence import Cadence
from meterhouse.kernel.errors import InvalidInput
from meterhouse.subscriptions.model import PlanReference
from meterhouse.subscriptions.spec import subscribe
from tests.unit.billing.samples import metered
from tests.unit.subscriptions.samples import at, fee, period, phase, spec, subscription, terms

if TYPE_CHECKING:
    from meterhouse.subscriptions.model import Subscription


def periods_of(stretches: list[Stretch]) -> list[tuple[str, str, int]]:
    return [(f"{one.period.start:%Y-%m-%d}", f"{one.period.end:%Y-%m-%d}", one.periods) for one in stretches]


def refused(plan: PlanSpec, agreed: "Subscription") -> str:
    with pytest.raises(InvalidInput) as refusal:
        under(plan, agreed)
    return refusal.value.problems[0].code


def test_the_last_periods_are_those_that_have_ended() -> None:
    agreed = subscription("2024-01-10", anchor="2024-01-01")

    assert periods_of(last_stretches([agreed], "plan", 3, at("2024-06-15"))) == [("2024-03-01", "2024-06-01", 3)]
    assert periods_of(last_stretches([agreed], "plan", 3, at("2024-06-01"))) == [("2024-03-01", "2024-06-01", 3)]


def test_a_young_subscription_has_fewer_and_its_cut_first_period_counts_as_one() -> None:
    agreed = subscription("2024-01-10", anchor="2024-01-01")

    assert periods_of(last_stretches([agreed], "plan", 9, at("2024-03-15"))) == [("2024-01-10", "2024-03-01", 2)]


def test_earlier_subscriptions_fill_up_what_the_latest_lacks() -> None:
    earlier = subscription("2023-01-01", end="2024-02-11")
    later = replace(subscription("2024-02-11", anchor="2024-02-01"), id="01HZ0000000000000000000003")

    found = last_stretches([earlier, later], "plan", 4, at("2024-04-01"))

    assert periods_of(found) == [("2024-02-11", "2024-04-01", 2), ("2024-01-01", "2024-02-11", 2)]


def test_of_subscriptions_at_the_same_time_that_to_the_plan_is_compared_and_else_the_youngest() -> None:
    older, younger = subscription("2024-01-01"), replace(subscription("2024-02-01"), id="01HZ0000000000000000000003")
    to_plan = replace(older, plan=PlanReference("01HZ0000000000000000000004", "plan", 1))

    def compared(*agreed: "Subscription") -> list[str]:
        return [stretch.subscription.id for stretch in last_stretches(agreed, "plan", 9, at("2024-06-01"))]

    assert compared(older, younger) == [younger.id]
    assert compared(to_plan, younger) == [older.id]


def test_an_edge_of_a_phase_ends_a_period() -> None:
    agreed = subscription("2024-01-01", phases=[phase("trial", "P2W"), phase("paid", None)])

    assert periods_of(last_stretches([agreed], "plan", 1, at("2024-02-01"))) == [("2024-01-15", "2024-02-01", 1)]
    assert periods_of(last_stretches([agreed], "plan", 2, at("2024-02-01"))) == [("2024-01-01", "2024-02-01", 2)]


@pytest.mark.parametrize("agreed", [[], [subscription("2024-05-20")], [subscription("2025-01-01")]])
def test_without_a_period_that_has_ended_there_is_nothing_to_compare(agreed: list["Subscription"]) -> None:
    with pytest.raises(InvalidInput) as refusal:
        last_stretches(agreed, "plan", 3, at("2024-06-01"))
    assert refusal.value.problems[0].code == "no_complete_period"


def test_phases_keep_their_edges_and_take_the_rate_cards_of_the_phase_of_their_key() -> None:
    agreed = subscription("2024-01-01", phases=[phase("trial", "P1M", fee(amount="1")), phase("paid", None, fee())])
    plan = spec(phase("paid", None, fee(amount="99")), phase("trial", "P3M", fee(amount="7")), cadence="P3M")

    other = under(plan, agreed)

    assert [(one.key, one.active_from, one.active_to) for one in other.phases] == [
        (one.key, one.active_from, one.active_to) for one in agreed.phases
    ]
    assert [[item.rate_card for item in one.items] for one in other.phases] == [
        [fee(amount="7")],
        [fee(amount="99")],
    ]
    assert other.billing_cadence == Cadence.parse("P3M")


def test_a_plan_with_one_phase_has_it_for_all() -> None:
    agreed = subscription("2024-01-01", phases=[phase("trial", "P1M"), phase("paid", None)])

    other = under(spec(phase("standard", None, fee(amount="99"))), agreed)

    assert [item.rate_card for one in other.phases for item in one.items] == [fee(amount="99")] * 2


def test_a_phase_that_several_of_the_plan_could_stand_for_is_refused() -> None:
    agreed = subscription("2024-01-01", phases=[phase("beta", None)])

    assert refused(spec(phase("trial", "P1M"), phase("paid", None)), agreed) == "phase_not_matched"


def test_a_plan_in_another_currency_is_refused() -> None:
    assert refused(replace(spec(), currency="EUR"), subscription("2024-01-01")) == "currency_mismatch"


def test_the_plan_that_was_sold_gives_the_very_subscription_again() -> None:
    plan = spec(phase("trial", "P2W", fee(), metered()), phase("paid", None, metered("more"), fee()))
    sold = subscribe(plan, terms("2024-01-31", anchor="2024-01-05"))

    assert under(plan, sold) == sold


def test_lines_are_those_whose_service_starts_in_the_periods_in_advance_or_not() -> None:
    agreed = subscription("2024-01-01", (fee(), metered()))
    [stretch] = last_stretches([agreed], "plan", 2, at("2024-04-01"))

    lines = targets_within(stretch, agreed, {})

    months = [period("2024-02-01", "2024-03-01"), period("2024-03-01", "2024-04-01")]
    assert sorted((line.rate_card.key, line.service_period) for line in lines) == [
        *(("fee", month) for month in months),
        *(("usage", month) for month in months),
    ]


def test_usage_that_is_charged_beyond_the_periods_is_refused_and_a_fee_counts_where_it_starts() -> None:
    agreed = subscription("2024-01-01", (fee(),))
    [stretch] = last_stretches([agreed], "plan", 3, at("2024-04-01"))
    yearly_usage = replace(metered(), billing_cadence=Cadence.parse("P1Y"))

    with pytest.raises(InvalidInput) as refusal:
        targets_within(stretch, under(spec(phase("one", None, yearly_usage)), agreed), {})
    assert refusal.value.problems[0].code == "period_not_complete"

    yearly_fee = under(spec(phase("one", None, fee(cadence="P1Y"))), agreed)
    [line] = targets_within(stretch, yearly_fee, {})
    assert line.service_period == period("2024-01-01", "2025-01-01")
