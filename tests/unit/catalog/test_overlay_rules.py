from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.catalog.discount import UNDISCOUNTED, Discounts
from meterhouse.catalog.entitlement_template import BooleanTemplate, MeteredTemplate, StaticTemplate
from meterhouse.catalog.overlay_rules import Clash, clashes
from meterhouse.catalog.price import FlatPrice, PaymentTerm, UnitPrice
from meterhouse.catalog.rate_card import RateCard
from meterhouse.catalog.unit_config import Operation, UnitConfig
from meterhouse.kernel.cadence import Cadence
from tests.unit.catalog.samples import EXTRA_FEE, FEE, MILES, MONTHLY
from tests.unit.catalog.test_document import rate_cards

TEN = Decimal(10)
WEEKLY = Cadence.parse("P1W")
ARREARS = FlatPrice(TEN, PaymentTerm.IN_ARREARS)
OFF = Discounts(percentage=TEN)
BALANCE, STATIC, HAD = MeteredTemplate(issue_after_reset=TEN), StaticTemplate("1"), BooleanTemplate()
FREE = replace(MILES, price=None)


def found(base: RateCard, overlay: RateCard) -> list[tuple[str, str]]:
    return codes(clashes(base, overlay, MONTHLY))


def codes(clashing: Iterable[Clash]) -> list[tuple[str, str]]:
    return [(clash.field, clash.code) for clash in clashing]


@pytest.mark.parametrize(
    ("base", "overlay"),
    [
        (FEE, EXTRA_FEE),
        (FEE, replace(FEE, discounts=OFF)),
        (replace(FEE, discounts=OFF), EXTRA_FEE),
        (FREE, replace(MILES, price=FEE.price)),
        (FREE, replace(MILES, price=FEE.price, billing_cadence=None)),
        (MILES, replace(FREE, entitlement=BALANCE)),
        (MILES, replace(FREE, entitlement=STATIC)),
        (replace(MILES, entitlement=STATIC), FREE),
        (replace(MILES, entitlement=HAD), replace(FREE, entitlement=HAD)),
        (replace(MILES, entitlement=BALANCE), replace(FREE, entitlement=BALANCE)),
        (
            replace(MILES, entitlement=BALANCE),
            replace(FREE, billing_cadence=None, entitlement=MeteredTemplate(is_soft_limit=True)),
        ),
        (replace(MILES, unit_config=UnitConfig(Operation.DIVIDE, TEN)), replace(FREE, entitlement=BALANCE)),
    ],
)
def test_these_go_together(base: RateCard, overlay: RateCard) -> None:
    assert found(base, overlay) == []


@pytest.mark.parametrize(
    ("base", "overlay", "field", "code"),
    [
        (MILES, MILES, "/price", "rate_card_only_flat_over_flat"),
        (MILES, replace(MILES, price=FEE.price), "/price", "rate_card_only_flat_over_flat"),
        (replace(MILES, price=FEE.price), MILES, "/price", "rate_card_only_flat_over_flat"),
        (FREE, MILES, "/price", "rate_card_only_flat_over_flat"),
        (FEE, replace(FEE, price=ARREARS), "/price/paymentTerm", "rate_card_payment_term_mismatch"),
        (FEE, replace(FEE, billing_cadence=WEEKLY), "/billingCadence", "rate_card_billing_cadence_mismatch"),
        (FEE, replace(FEE, billing_cadence=None), "/billingCadence", "rate_card_billing_cadence_mismatch"),
        (replace(MILES, feature_key=None), FREE, "/featureKey", "rate_card_feature_mismatch"),
        (MILES, replace(FREE, feature_key=None), "/featureKey", "rate_card_feature_mismatch"),
        (
            replace(FEE, discounts=OFF),
            replace(FEE, discounts=OFF),
            "/discounts/percentage",
            "rate_card_percentage_discount_duplicated",
        ),
        (
            replace(MILES, entitlement=STATIC),
            replace(FREE, entitlement=STATIC),
            "/entitlementTemplate",
            "rate_card_static_entitlement_not_allowed",
        ),
        (
            replace(MILES, entitlement=BALANCE),
            replace(FREE, entitlement=HAD),
            "/entitlementTemplate/type",
            "rate_card_entitlement_type_mismatch",
        ),
        (
            replace(MILES, entitlement=BALANCE),
            replace(FREE, entitlement=replace(BALANCE, usage_period=WEEKLY)),
            "/entitlementTemplate/usagePeriod",
            "rate_card_usage_period_mismatch",
        ),
        (
            replace(MILES, entitlement=BALANCE),
            replace(FREE, billing_cadence=WEEKLY, entitlement=BALANCE),
            "/entitlementTemplate/usagePeriod",
            "rate_card_usage_period_mismatch",
        ),
        (
            replace(MILES, unit_config=UnitConfig(Operation.DIVIDE, TEN)),
            replace(FREE, unit_config=UnitConfig(Operation.MULTIPLY, TEN)),
            "/unitConfig",
            "rate_card_unit_config_mismatch",
        ),
    ],
)
def test_what_does_not_go_together_is_named(base: RateCard, overlay: RateCard, field: str, code: str) -> None:
    assert found(base, overlay) == [(field, code)]


def test_all_that_does_not_go_together_is_listed_at_once() -> None:
    base = replace(FEE, discounts=OFF, entitlement=STATIC)
    overlay = replace(base, price=ARREARS, billing_cadence=WEEKLY, feature_key="airport_fee")

    assert found(base, overlay) == [
        ("/featureKey", "rate_card_feature_mismatch"),
        ("/price/paymentTerm", "rate_card_payment_term_mismatch"),
        ("/billingCadence", "rate_card_billing_cadence_mismatch"),
        ("/entitlementTemplate", "rate_card_static_entitlement_not_allowed"),
        ("/discounts/percentage", "rate_card_percentage_discount_duplicated"),
    ]


@given(rate_cards)
def test_what_says_nothing_goes_over_everything(base: RateCard) -> None:
    silent = replace(base, price=None, entitlement=None, discounts=UNDISCOUNTED, unit_config=None)

    assert found(base, silent) == []


@given(rate_cards, rate_cards)
def test_over_usage_goes_no_price_at_all(base: RateCard, overlay: RateCard) -> None:
    clashing = found(replace(base, price=UnitPrice(TEN)), overlay)

    assert (("/price", "rate_card_only_flat_over_flat") in clashing) is (overlay.price is not None)


@given(rate_cards, st.sampled_from([FEE.price, ARREARS, None]))
def test_without_discount_and_static_settings_a_card_goes_over_its_like(
    card: RateCard, price: FlatPrice | None
) -> None:
    plain = replace(card, price=price, discounts=UNDISCOUNTED)
    overlay = replace(plain, entitlement=None) if isinstance(plain.entitlement, StaticTemplate) else plain

    assert found(plain, overlay) == []
