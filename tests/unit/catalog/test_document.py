import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.catalog.discount import Discounts
from meterhouse.catalog.document import (
    phase_from_document,
    phase_to_document,
    rate_card_from_document,
    rate_card_to_document,
    unit_cost_from_document,
    unit_cost_to_document,
)
from meterhouse.catalog.entitlement_template import (
    BooleanTemplate,
    EntitlementTemplate,
    MeteredTemplate,
    StaticTemplate,
)
from meterhouse.catalog.entitlement_template_document import template_from_document
from meterhouse.catalog.price import (
    Commitments,
    DynamicPrice,
    FlatPrice,
    PackagePrice,
    PaymentTerm,
    Price,
    Tier,
    TieredPrice,
    TierMode,
    UnitPrice,
)
from meterhouse.catalog.price_document import price_from_document
from meterhouse.catalog.rate_card import RateCard, RateCardType
from meterhouse.catalog.unit_config import Operation, UnitConfig, UnitRounding
from meterhouse.catalog.unit_cost import LlmUnitCost, ManualUnitCost, TokenType, ToldBy, UnitCost
from meterhouse.kernel.cadence import Cadence, CadenceUnit
from tests.unit.catalog.samples import DEPARTURES, FEE, PHASE

amounts = st.decimals(0, Decimal("1e20"), allow_nan=False, allow_infinity=False)
optional_amounts = st.none() | amounts
tiers = st.builds(Tier, optional_amounts, optional_amounts, optional_amounts)
commitments = st.builds(Commitments, optional_amounts, optional_amounts)
prices: st.SearchStrategy[Price] = st.one_of(
    st.builds(FlatPrice, amounts, st.sampled_from(PaymentTerm)),
    st.builds(UnitPrice, amounts, commitments),
    st.builds(TieredPrice, st.sampled_from(TierMode), st.lists(tiers, min_size=1, max_size=4).map(tuple), commitments),
    st.builds(PackagePrice, amounts, amounts, commitments),
    st.builds(DynamicPrice, amounts, commitments),
)
unit_configs = st.builds(
    UnitConfig,
    st.sampled_from(Operation),
    st.decimals("0.001", 10_000, places=3),
    st.sampled_from(UnitRounding),
    st.integers(0, 9),
    st.none() | st.text(max_size=5),
)
cadences = st.builds(Cadence, st.integers(1, 999), st.sampled_from(CadenceUnit))
texts = st.text(max_size=20)
told = st.builds(ToldBy, texts)
unit_costs: st.SearchStrategy[UnitCost] = st.one_of(
    st.builds(ManualUnitCost, amounts),
    st.builds(LlmUnitCost, texts | told, texts | told, st.sampled_from(TokenType) | told),
)
metadata = st.dictionaries(texts, texts, max_size=2)
templates: st.SearchStrategy[EntitlementTemplate] = st.one_of(
    st.builds(
        MeteredTemplate,
        st.booleans(),
        optional_amounts,
        st.integers(1, 255),
        st.booleans(),
        st.none() | cadences,
        metadata,
    ),
    st.builds(StaticTemplate, texts, metadata),
    st.builds(BooleanTemplate, metadata),
)
rate_cards = st.builds(
    RateCard,
    type=st.sampled_from(RateCardType),
    key=texts,
    name=texts,
    price=st.none() | prices,
    billing_cadence=st.none() | cadences,
    feature_key=st.none() | texts,
    description=st.none() | texts,
    discounts=st.builds(Discounts, optional_amounts, optional_amounts),
    unit_config=st.none() | unit_configs,
    entitlement=st.none() | templates,
    tax_config=st.none() | st.dictionaries(texts, texts, max_size=2),
    metadata=metadata,
)


@given(rate_cards)
def test_a_stored_rate_card_comes_back_as_it_was(card: RateCard) -> None:
    stored = json.loads(json.dumps(rate_card_to_document(card)))

    assert rate_card_from_document(stored) == card


@pytest.mark.parametrize("duration", [None, Cadence.parse("P2W")])
def test_a_stored_phase_comes_back_as_it_was(duration: Cadence | None) -> None:
    phase = replace(PHASE, duration=duration, metadata={"a": "b"}, description="the only one")

    assert phase_from_document(json.loads(json.dumps(phase_to_document(phase)))) == phase


def test_amounts_are_stored_as_written_and_without_exponents() -> None:
    card = replace(FEE, price=UnitPrice(Decimal("1E+3")))

    assert rate_card_to_document(card)["price"] == {"type": "unit", "amount": "1000"}
    assert rate_card_to_document(DEPARTURES)["price"]["tiers"][0]["unit_amount"] == "1.50"


def test_a_price_that_was_never_written_is_refused() -> None:
    with pytest.raises(ValueError, match="barter"):
        price_from_document({"type": "barter", "amount": "1"})


def test_a_rate_card_stored_before_there_were_discounts_and_entitlements_has_none() -> None:
    stored = rate_card_to_document(FEE)
    del stored["discounts"], stored["unit_config"], stored["entitlement"]

    assert rate_card_from_document(stored) == FEE


def test_an_entitlement_template_that_was_never_written_is_refused() -> None:
    with pytest.raises(ValueError, match="unlimited"):
        template_from_document({"type": "unlimited", "metadata": {}})


@given(unit_costs)
def test_a_unit_cost_survives_being_stored(cost: UnitCost) -> None:
    assert unit_cost_from_document(json.loads(json.dumps(unit_cost_to_document(cost)))) == cost


def test_a_unit_cost_that_was_never_written_is_refused() -> None:
    with pytest.raises(ValueError, match="market"):
        unit_cost_from_document({"type": "market"})
