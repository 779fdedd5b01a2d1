"""Revenue less cost, in the rows that are asked for."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.llmcost.cost import Cost
from meterhouse.llmcost.margin import By, Margin, Of, Revenue, Spent, margins_of

ACME, BOLT = Of("acme", "chat"), Of("bolt", "chat")


def revenue(of: Of, amount: object, currency: str = "USD") -> Revenue:
    return Revenue(of, currency, Decimal(str(amount)))


def spent(of: Of, amount: object) -> Spent:
    return Spent(of, Cost(Decimal(1), Decimal(str(amount))))


def test_a_customer_s_margin_is_its_revenue_less_its_cost_the_least_first() -> None:
    margins = margins_of([revenue(ACME, 10), revenue(BOLT, 1)], [spent(ACME, 4), spent(BOLT, 3)], [By.CUSTOMER])

    assert [(one.of, one.amount, one.percentage) for one in margins] == [
        (Of("bolt"), Decimal(-2), Decimal("-200.00")),
        (Of("acme"), Decimal(6), Decimal("60.00")),
    ]


def test_fees_of_no_feature_count_for_the_customer_and_for_no_feature() -> None:
    revenues = [revenue(ACME, 10), revenue(Of("acme"), 5)]

    assert [one.revenue for one in margins_of(revenues, [], [By.CUSTOMER])] == [Decimal(15)]
    assert {one.of: one.revenue for one in margins_of(revenues, [], [By.FEATURE])} == {
        Of(None, "chat"): Decimal(10),
        Of(): Decimal(5),
    }


def test_without_a_price_there_is_a_cost_of_nothing_known_and_no_margin() -> None:
    unknown = Spent(ACME, Cost(Decimal(1), None, details=("no price is known of x/y",)))

    [margin] = margins_of([revenue(ACME, 10)], [spent(ACME, 1), unknown], [By.CUSTOMER])

    assert margin == Margin(Of("acme"), "USD", Decimal(10), None, ("no price is known of x/y",))
    assert (margin.amount, margin.percentage) == (None, None)


def test_what_cost_something_in_another_currency_has_no_margin() -> None:
    margins = margins_of([revenue(ACME, 10, "EUR"), revenue(BOLT, 1, "EUR")], [spent(ACME, 4)], [By.CUSTOMER])

    assert {(one.of.customer_id, one.currency): (one.revenue, one.cost, one.details) for one in margins} == {
        ("acme", "EUR"): (Decimal(10), None, ("there are costs in USD, which are not converted",)),
        ("acme", "USD"): (Decimal(0), Decimal(4), ()),
        ("bolt", "EUR"): (Decimal(1), Decimal(0), ()),
    }


@pytest.mark.parametrize(("cost", "expected"), [(None, None), (Decimal(0), Decimal(0))])
def test_an_unknown_cost_spoils_the_margin_in_every_currency_and_none_at_all_spoils_none(
    cost: Decimal | None, expected: Decimal | None
) -> None:
    margins = margins_of([revenue(ACME, 10, "EUR")], [Spent(ACME, Cost(Decimal(1), cost))], [By.CUSTOMER])

    assert [(one.currency, one.cost) for one in margins if one.currency == "EUR"] == [("EUR", expected)]


def test_costs_in_two_currencies_are_told_in_both() -> None:
    euros = Spent(ACME, Cost(Decimal(1), Decimal(3), "EUR"))

    margins = margins_of([], [spent(ACME, 4), euros], [By.CUSTOMER])

    assert {one.currency: one.amount for one in margins} == {"EUR": Decimal(-3), "USD": Decimal(-4)}


AMOUNTS = st.decimals("0", "1000", places=4)
OFS = st.builds(Of, st.sampled_from([None, "acme", "bolt"]), st.sampled_from([None, "chat", "code"]))


@given(
    revenues=st.lists(st.builds(revenue, OFS, AMOUNTS)),
    costs=st.lists(st.builds(spent, OFS, AMOUNTS)),
    by=st.sets(st.sampled_from(By)),
)
def test_however_rows_are_told_apart_they_sum_to_the_same(
    revenues: list[Revenue], costs: list[Spent], by: set[By]
) -> None:
    margins = margins_of(revenues, costs, by)

    assert sum(one.revenue for one in margins) == sum(one.amount for one in revenues)
    assert sum(one.cost or 0 for one in margins) == sum(one.cost.amount or 0 for one in costs)
