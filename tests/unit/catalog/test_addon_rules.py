from dataclasses import replace

import pytest

from meterhouse.catalog.addon import AddonSpec, InstanceType
from meterhouse.catalog.addon_rules import addon_contradictions, addon_feature_keys, unsold_addon
from meterhouse.catalog.price import Price
from meterhouse.catalog.rate_card import RateCard
from meterhouse.kernel.cadence import Cadence
from tests.unit.catalog.samples import EXTRA_FEE, FEE, LOUNGE, MILES, START, TERMINAL, feature, known
from tests.unit.catalog.test_plan_rules import codes

FEATURES = known(feature("lounge", meter=None), feature("miles"))
SINGLE = replace(TERMINAL, instance_type=InstanceType.SINGLE)


def of(*cards: RateCard, spec: AddonSpec = TERMINAL) -> AddonSpec:
    return replace(spec, rate_cards=cards)


def test_a_sound_add_on_has_no_problems() -> None:
    assert addon_contradictions(TERMINAL) == []
    assert unsold_addon(TERMINAL, FEATURES) == []


def test_all_that_contradicts_itself_is_listed_at_once() -> None:
    spec = replace(of(EXTRA_FEE, replace(LOUNGE, key="club"), EXTRA_FEE), currency="XXX")

    assert codes(addon_contradictions(spec)) == [
        ("/currency", "unknown_currency"),
        ("/rateCards/2/key", "rate_card_duplicated_key"),
        ("/rateCards/1/featureKey", "rate_card_key_feature_key_mismatch"),
    ]


def test_an_empty_add_on_is_not_sold() -> None:
    assert codes(unsold_addon(of(), FEATURES)) == [("/rateCards", "addon_without_rate_cards")]


def test_features_are_there_and_not_archived() -> None:
    assert codes(unsold_addon(TERMINAL, known())) == [("/rateCards/1/featureKey", "rate_card_feature_not_found")]
    archived = known(feature("lounge", archived=START))
    assert codes(unsold_addon(TERMINAL, archived)) == [("/rateCards/1/featureKey", "rate_card_feature_archived")]


def test_usage_is_sold_once_and_not_several_times() -> None:
    assert unsold_addon(of(MILES, spec=SINGLE), FEATURES) == []
    assert codes(unsold_addon(of(MILES), FEATURES)) == [("/rateCards/0/price", "addon_price_not_for_multiple")]


@pytest.mark.parametrize("price", [None, FEE.price])
def test_what_is_free_or_flat_is_sold_several_times(price: Price | None) -> None:
    assert unsold_addon(of(replace(MILES, price=price)), FEATURES) == []


def test_an_add_on_is_billed_in_one_rhythm_and_once_counts_as_none() -> None:
    yearly, once = (replace(FEE, billing_cadence=cadence) for cadence in (Cadence.parse("P1Y"), None))

    assert codes(unsold_addon(of(LOUNGE, yearly), FEATURES)) == [
        ("/rateCards/1/billingCadence", "addon_billing_cadences_differ")
    ]
    assert unsold_addon(of(once, LOUNGE), FEATURES) == []


def test_all_that_keeps_it_from_being_sold_is_listed_at_once() -> None:
    spec = of(replace(MILES, billing_cadence=Cadence.parse("P1W")), LOUNGE)

    assert codes(unsold_addon(spec, known())) == [
        ("/rateCards/0/featureKey", "rate_card_feature_not_found"),
        ("/rateCards/1/featureKey", "rate_card_feature_not_found"),
        ("/rateCards/0/price", "addon_price_not_for_multiple"),
        ("/rateCards/1/billingCadence", "addon_billing_cadences_differ"),
    ]


def test_the_features_it_names_are_known() -> None:
    assert addon_feature_keys(of(EXTRA_FEE, LOUNGE, MILES)) == {"lounge", "miles"}
