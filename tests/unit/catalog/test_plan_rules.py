from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

import pytest

from meterhouse.catalog.discount import Discounts
from meterhouse.catalog.entitlement_template import (
    BooleanTemplate,
    EntitlementTemplate,
    MeteredTemplate,
    StaticTemplate,
)
from meterhouse.catalog.plan import PlanSpec
from meterhouse.catalog.plan_rules import publish_problems, spec_problems
from meterhouse.catalog.price import (
    Commitments,
    DynamicPrice,
    FlatPrice,
    PackagePrice,
    Price,
    Tier,
    TieredPrice,
    TierMode,
    UnitPrice,
)
from meterhouse.catalog.unit_config import Operation, UnitConfig
from meterhouse.kernel.cadence import Cadence
from meterhouse.kernel.errors import Problem
from meterhouse.metering.aggregation import Aggregation
from tests.unit.catalog.samples import AIRLINE, DEPARTURES, FEE, MILES, PHASE, START, feature, known, plan_of, tiered

FEATURES = known(feature("departures"), feature("miles"))
CARD = "/phases/0/rateCards/0"
ONE, TEN = Decimal(1), Decimal(10)
GIGABYTES = UnitConfig(Operation.DIVIDE, Decimal(10**9))


def codes(problems: Iterable[Problem]) -> list[tuple[str, str]]:
    return [(problem.field, problem.code) for problem in problems]


def test_a_sound_plan_has_no_problems() -> None:
    assert spec_problems(AIRLINE) == []
    assert publish_problems(AIRLINE, FEATURES) == []


@pytest.mark.parametrize(
    ("spec", "field", "code"),
    [
        (replace(AIRLINE, currency="XTS"), "/currency", "unknown_currency"),
        (
            replace(AIRLINE, billing_cadence=Cadence.parse("P2M")),
            "/billingCadence",
            "plan_billing_cadence_invalid",
        ),
        (replace(AIRLINE, phases=()), "/phases", "plan_without_phases"),
        (replace(AIRLINE, phases=(PHASE, PHASE)), "/phases/1/key", "plan_phase_duplicated_key"),
        (
            replace(AIRLINE, phases=(replace(PHASE, duration=Cadence.parse("P9999999Y")),)),
            "/phases/0/duration",
            "plan_phase_duration_too_long",
        ),
        (plan_of(FEE, MILES, FEE), "/phases/0/rateCards/2/key", "rate_card_duplicated_key"),
        (plan_of(replace(MILES, key="km")), f"{CARD}/featureKey", "rate_card_key_feature_key_mismatch"),
        (plan_of(replace(FEE, price=FlatPrice(Decimal(10**15)))), f"{CARD}/price", "number_out_of_range"),
        (plan_of(tiered(Tier(None, None, Decimal("1e-21")))), f"{CARD}/price", "number_out_of_range"),
        (
            plan_of(replace(MILES, discounts=Discounts(usage=Decimal(10**15)))),
            f"{CARD}/discounts",
            "number_out_of_range",
        ),
        (plan_of(tiered(Tier(None))), f"{CARD}/price/tiers/0", "price_tier_without_price"),
        (
            plan_of(tiered(Tier(ONE, ONE))),
            f"{CARD}/price/tiers/0/upToAmount",
            "price_tiers_without_open_end",
        ),
        (
            plan_of(tiered(Tier(None, ONE), Tier(None, ONE))),
            f"{CARD}/price/tiers/0/upToAmount",
            "price_tier_open_end_not_last",
        ),
        (
            plan_of(tiered(Tier(ONE, ONE), Tier(ONE, ONE), Tier(None, ONE))),
            f"{CARD}/price/tiers/1/upToAmount",
            "price_tiers_not_ascending",
        ),
        (
            plan_of(tiered(Tier(Decimal(0), ONE), Tier(None, ONE))),
            f"{CARD}/price/tiers/0/upToAmount",
            "price_tiers_not_ascending",
        ),
        (
            plan_of(replace(MILES, price=UnitPrice(ONE, Commitments(TEN, ONE)))),
            f"{CARD}/price/minimumAmount",
            "price_minimum_above_maximum",
        ),
        (
            plan_of(replace(FEE, price=None, discounts=Discounts(percentage=ONE))),
            f"{CARD}/discounts/percentage",
            "rate_card_discount_without_price",
        ),
        (
            plan_of(replace(MILES, price=None, discounts=Discounts(usage=ONE))),
            f"{CARD}/discounts/usage",
            "rate_card_discount_without_price",
        ),
        *[
            (
                plan_of(replace(MILES, price=price, discounts=Discounts(usage=ONE))),
                f"{CARD}/discounts/usage",
                "rate_card_usage_discount_not_applicable",
            )
            for price in (FEE.price, DynamicPrice())
        ],
        *[
            (
                plan_of(replace(MILES, price=price, unit_config=GIGABYTES)),
                f"{CARD}/unitConfig",
                "rate_card_unit_config_not_applicable",
            )
            for price in (None, FEE.price, DynamicPrice(), PackagePrice(ONE, ONE))
        ],
        *[
            (
                plan_of(replace(FEE, billing_cadence=Cadence.parse(cadence))),
                f"{CARD}/billingCadence",
                "rate_card_billing_cadence_too_long",
            )
            for cadence in ("P101Y", "P1201M", "P9999999Y", "P9999999W")
        ],
    ],
)
def test_a_contradiction_is_named_at_its_place(spec: PlanSpec, field: str, code: str) -> None:
    assert codes(spec_problems(spec)) == [(field, code)]


@pytest.mark.parametrize(
    "price",
    [
        UnitPrice(ONE, Commitments(ONE, ONE)),
        PackagePrice(ONE, TEN, Commitments(minimum=TEN)),
        DynamicPrice(TEN, Commitments(maximum=ONE)),
        TieredPrice(TierMode.VOLUME, (Tier(TEN, ONE), Tier(None, ONE, TEN)), Commitments(ONE, TEN)),
    ],
)
def test_every_price_on_usage_may_be_sold_discounted_and_with_commitments(price: Price) -> None:
    spec = plan_of(replace(MILES, price=price, discounts=Discounts(percentage=TEN)))

    assert spec_problems(spec) == []
    assert publish_problems(spec, FEATURES) == []


def test_all_that_is_wrong_with_a_price_is_listed_at_once() -> None:
    tiers = TieredPrice(TierMode.VOLUME, (Tier(TEN),), Commitments(TEN, ONE))

    assert codes(spec_problems(plan_of(replace(MILES, price=tiers)))) == [
        (f"{CARD}/price/minimumAmount", "price_minimum_above_maximum"),
        (f"{CARD}/price/tiers/0", "price_tier_without_price"),
        (f"{CARD}/price/tiers/0/upToAmount", "price_tiers_without_open_end"),
    ]


@pytest.mark.parametrize(
    ("spec", "field", "code"),
    [
        (
            replace(AIRLINE, phases=(PHASE, replace(PHASE, key="late"))),
            "/phases/0/duration",
            "plan_phase_duration_missing",
        ),
        (
            replace(AIRLINE, phases=(replace(PHASE, duration=Cadence.parse("P1M")),)),
            "/phases/0/duration",
            "plan_phase_duration_not_allowed",
        ),
        (plan_of(), "/phases/0/rateCards", "plan_phase_without_rate_cards"),
        (plan_of(replace(MILES, feature_key=None)), f"{CARD}/featureKey", "rate_card_feature_required"),
        (plan_of(replace(MILES, feature_key="km")), f"{CARD}/featureKey", "rate_card_feature_not_found"),
        (
            plan_of(replace(FEE, billing_cadence=Cadence.parse("P1W"))),
            f"{CARD}/billingCadence",
            "rate_card_billing_cadence_unaligned",
        ),
    ],
)
def test_what_keeps_a_plan_from_being_sold_is_named_at_its_place(spec: PlanSpec, field: str, code: str) -> None:
    assert codes(publish_problems(spec, FEATURES)) == [(field, code)]


def test_an_archived_feature_cannot_be_sold() -> None:
    archived = known(feature("miles", archived=START))

    assert codes(publish_problems(plan_of(MILES), archived)) == [(f"{CARD}/featureKey", "rate_card_feature_archived")]


def test_usage_of_a_feature_without_a_meter_cannot_be_charged() -> None:
    unmetered = known(feature("miles", meter=None))
    flat = replace(MILES, price=FEE.price)

    assert codes(publish_problems(plan_of(MILES), unmetered)) == [
        (f"{CARD}/featureKey", "rate_card_feature_without_meter")
    ]
    assert publish_problems(plan_of(flat), unmetered) == []


BALANCE, STATIC, HAD = MeteredTemplate(issue_after_reset=TEN), StaticTemplate("[1]"), BooleanTemplate()
TEMPLATE = f"{CARD}/entitlementTemplate"


@pytest.mark.parametrize("template", [BALANCE, STATIC, HAD])
@pytest.mark.parametrize("price", [None, FEE.price, MILES.price])
def test_every_entitlement_goes_with_every_price(template: EntitlementTemplate, price: Price | None) -> None:
    spec = plan_of(replace(MILES, price=price, entitlement=template))

    assert spec_problems(spec) == []
    assert publish_problems(spec, FEATURES) == []


@pytest.mark.parametrize("template", [BALANCE, STATIC, HAD])
def test_nothing_is_entitled_to_without_a_feature(template: EntitlementTemplate) -> None:
    spec = plan_of(replace(FEE, entitlement=template))

    assert spec_problems(spec) == []
    assert codes(publish_problems(spec, FEATURES)) == [(f"{CARD}/featureKey", "rate_card_feature_required")]


def test_a_balance_needs_a_meter_and_other_entitlements_do_not() -> None:
    unmetered = known(feature("miles", meter=None))
    free = replace(MILES, price=None)

    assert codes(publish_problems(plan_of(replace(free, entitlement=BALANCE)), unmetered)) == [
        (f"{CARD}/featureKey", "rate_card_feature_without_meter")
    ]
    for template in (STATIC, HAD):
        assert publish_problems(plan_of(replace(free, entitlement=template)), unmetered) == []


@pytest.mark.parametrize("aggregation", Aggregation)
def test_a_balance_needs_a_meter_that_can_burn_it(aggregation: Aggregation) -> None:
    metered = known(feature("miles"), aggregation=aggregation)

    found = publish_problems(plan_of(replace(MILES, entitlement=BALANCE)), metered)

    refused = [] if aggregation.can_be_entitled else [(TEMPLATE, "entitlement_template_unsupported_aggregation")]
    assert codes(found) == refused


def test_all_that_contradicts_itself_in_a_template_is_listed_at_once() -> None:
    template = MeteredTemplate(issue_priority=2, usage_period=Cadence.parse("P101Y"))

    assert codes(spec_problems(plan_of(replace(MILES, entitlement=template)))) == [
        (f"{TEMPLATE}/issueAfterResetPriority", "entitlement_template_priority_of_nothing"),
        (f"{TEMPLATE}/usagePeriod", "entitlement_template_usage_period_too_long"),
    ]


def test_all_problems_are_listed_at_once_behind_their_root() -> None:
    later = replace(PHASE, key="late", rate_cards=(replace(DEPARTURES, billing_cadence=Cadence.parse("P1W")),))
    spec = replace(AIRLINE, phases=(PHASE, later))

    assert codes(publish_problems(spec, known(), "/customPlan")) == [
        ("/customPlan/phases/0/duration", "plan_phase_duration_missing"),
        ("/customPlan/phases/0/rateCards/1/featureKey", "rate_card_feature_not_found"),
        ("/customPlan/phases/0/rateCards/2/featureKey", "rate_card_feature_not_found"),
        ("/customPlan/phases/1/rateCards/0/featureKey", "rate_card_feature_not_found"),
        ("/customPlan/phases/1/rateCards/0/billingCadence", "rate_card_billing_cadence_unaligned"),
    ]


@pytest.mark.parametrize(("card", "plan"), [("P1Y", "P1M"), ("P1M", "P3M"), ("P1D", "P1M"), ("PT1H", "P1W")])
def test_cadences_align_where_one_is_a_whole_number_of_the_other(card: str, plan: str) -> None:
    fee = replace(FEE, billing_cadence=Cadence.parse(card))
    spec = replace(plan_of(fee), billing_cadence=Cadence.parse(plan))

    assert publish_problems(spec, known()) == []


def test_what_is_charged_once_aligns_with_any_plan() -> None:
    assert publish_problems(plan_of(replace(FEE, billing_cadence=None)), known()) == []
