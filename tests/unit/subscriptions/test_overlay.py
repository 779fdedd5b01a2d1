"""One rate card of an add-on over one of the plan; AD-01 to AD-05 of the worked examples."""

from dataclasses import replace
from decimal import Decimal

import pytest

from meterhouse.catalog.discount import Discounts
from meterhouse.catalog.entitlement_template import BooleanTemplate, MeteredTemplate, StaticTemplate
from meterhouse.catalog.overlay_rules import clashes
from meterhouse.catalog.price import FlatPrice
from meterhouse.catalog.rate_card import RateCard
from meterhouse.kernel.cadence import Cadence
from meterhouse.kernel.errors import InvariantBroken
from meterhouse.subscriptions.overlay import overlaid
from tests.unit.subscriptions.samples import MONTHLY, card, fee, issuing, metered, usage

WEEKLY = Cadence.parse("P1W")


def amount(merged: RateCard) -> Decimal:
    assert isinstance(merged.price, FlatPrice)
    return merged.price.amount


def template(merged: RateCard) -> MeteredTemplate:
    assert isinstance(merged.entitlement, MeteredTemplate)
    return merged.entitlement


def test_ad_01_flat_prices_add_up() -> None:
    assert overlaid(fee(amount="100"), fee(amount="50"), 1, MONTHLY) == fee(amount="150")


def test_each_instance_adds_its_price_without_losing_a_digit() -> None:
    merged = overlaid(fee(amount="100000000000000000000"), fee(amount="0.000000000000000001"), 3, MONTHLY)

    assert amount(merged) == Decimal("100000000000000000000.000000000000000003")


def test_ad_03_what_is_issued_after_each_reset_adds_up_and_none_counts_as_nothing() -> None:
    assert template(overlaid(metered("100"), issuing("100"), 1, MONTHLY)).issue_after_reset == 200
    assert template(overlaid(metered(None), issuing("100"), 2, MONTHLY)).issue_after_reset == 200
    assert template(overlaid(metered("100"), issuing(None), 2, MONTHLY)).issue_after_reset == 100
    assert template(overlaid(metered(None), issuing(None), 2, MONTHLY)).issue_after_reset is None


def test_a_price_or_an_entitlement_that_the_plan_lacks_is_the_add_on_s() -> None:
    free, price = card("fee", None), fee(amount="50")

    assert amount(overlaid(free, price, 2, MONTHLY)) == 100
    flag = replace(free, entitlement=BooleanTemplate())
    assert overlaid(price, flag, 1, MONTHLY).entitlement == BooleanTemplate()
    assert overlaid(price, replace(free, entitlement=StaticTemplate("{}")), 1, MONTHLY).entitlement == StaticTemplate(
        "{}"
    )


def test_a_price_comes_with_how_often_it_is_charged_and_the_usage_period_stays() -> None:
    base = replace(metered("100"), price=None, billing_cadence=WEEKLY)

    merged = overlaid(base, replace(fee("usage"), feature_key="usage"), 1, MONTHLY)

    assert (merged.billing_cadence, merged.usage_period(MONTHLY)) == (MONTHLY, WEEKLY)


def test_free_units_add_up_and_there_is_one_percentage() -> None:
    base = replace(usage(), discounts=Discounts(percentage=Decimal(10), usage=Decimal(5)))
    addon = replace(card("usage", None), discounts=Discounts(usage=Decimal(7)))

    assert overlaid(base, addon, 3, MONTHLY).discounts == Discounts(Decimal(10), Decimal(26))
    only = replace(fee(), discounts=Discounts(percentage=Decimal(20)))
    assert overlaid(fee(), only, 1, MONTHLY).discounts == Discounts(percentage=Decimal(20))


def test_all_else_is_the_plan_s() -> None:
    base = replace(
        metered("1", is_soft_limit=True, issue_priority=3), name="Plan", description="d", metadata={"a": "b"}
    )

    merged = overlaid(base, issuing("1", issue_priority=9), 1, MONTHLY)

    assert (merged.name, merged.description, merged.metadata, merged.price) == ("Plan", "d", {"a": "b"}, base.price)
    assert (template(merged).is_soft_limit, template(merged).issue_priority) == (True, 3)


def test_a_card_that_the_plan_lacks_is_the_add_on_s_as_often_as_there_is_of_it() -> None:
    merged = overlaid(None, replace(fee("extra", "50"), entitlement=metered("10").entitlement), 3, MONTHLY)

    assert (merged.key, amount(merged), template(merged).issue_after_reset) == ("extra", Decimal(150), Decimal(30))


def test_ad_05_price_types_must_match() -> None:
    [clash] = clashes(usage(), fee("usage"), MONTHLY)

    assert (clash.field, clash.code) == ("/price", "rate_card_only_flat_over_flat")
    with pytest.raises(InvariantBroken):
        overlaid(usage(), fee("usage"), 1, MONTHLY)
