from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from meterhouse.catalog.discount import Discounts
from meterhouse.catalog.entitlement_template import (
    BooleanTemplate,
    EntitlementTemplate,
    MeteredTemplate,
    StaticTemplate,
)
from meterhouse.catalog.plan_schema import PlanCreate, plan_spec
from meterhouse.catalog.price import (
    Commitments,
    DynamicPrice,
    PackagePrice,
    Price,
    Tier,
    TieredPrice,
    TierMode,
    UnitPrice,
)
from meterhouse.catalog.schema import RateCardWire, rate_card_from_wire, rate_card_to_wire
from meterhouse.catalog.unit_config import Operation, UnitConfig, UnitRounding
from meterhouse.kernel.cadence import Cadence
from tests.unit.catalog.samples import AIRLINE, DEPARTURES, FEE, MILES

ADAPTER: TypeAdapter[Any] = TypeAdapter(RateCardWire)
FEE_WIRE = {
    "type": "flat_fee",
    "key": "airport_fee",
    "name": "Airport fee",
    "billingCadence": "P1M",
    "price": {"type": "flat", "amount": "500", "paymentTerm": "in_advance"},
}
MILES_WIRE = {
    "type": "usage_based",
    "key": "miles",
    "name": "Miles",
    "featureKey": "miles",
    "billingCadence": "P1M",
    "price": {"type": "unit", "amount": "0.001"},
}
DEPARTURES_WIRE = MILES_WIRE | {
    "key": "departures",
    "name": "Departures",
    "featureKey": "departures",
    "price": {
        "type": "tiered",
        "mode": "graduated",
        "tiers": [
            {"upToAmount": "1000", "flatPrice": None, "unitPrice": {"type": "unit", "amount": "1.50"}},
            {
                "upToAmount": "5000",
                "flatPrice": {"type": "flat", "amount": "10"},
                "unitPrice": {"type": "unit", "amount": "1.2"},
            },
            {"flatPrice": None, "unitPrice": {"type": "unit", "amount": "1"}},
        ],
    },
}
UNIT = {"type": "unit", "amount": "1"}
TIER = {"flatPrice": None, "unitPrice": UNIT}
ONE, FIVE = Decimal(1), Decimal(5)


@pytest.mark.parametrize(("card", "wire"), [(FEE, FEE_WIRE), (MILES, MILES_WIRE), (DEPARTURES, DEPARTURES_WIRE)])
def test_a_rate_card_reads_and_writes_the_contract(card: object, wire: dict[str, Any]) -> None:
    read = rate_card_from_wire(ADAPTER.validate_python(wire))

    assert read == card
    assert rate_card_to_wire(read).model_dump(mode="json", by_alias=True) == wire


def test_a_rate_card_sells_by_another_unit_than_is_metered() -> None:
    thousands = {"operation": "divide", "conversionFactor": "1000", "rounding": "ceiling", "precision": 0}
    wire = MILES_WIRE | {"unitConfig": thousands | {"displayUnit": "thousand miles"}}

    read = rate_card_from_wire(ADAPTER.validate_python(wire))

    assert read.unit_config == UnitConfig(
        Operation.DIVIDE, Decimal(1000), UnitRounding.CEILING, display_unit="thousand miles"
    )
    assert rate_card_to_wire(read).model_dump(mode="json", by_alias=True) == wire


def test_a_free_and_single_rate_card_shows_null_for_both() -> None:
    wire = FEE_WIRE | {"price": None, "billingCadence": None}

    read = rate_card_from_wire(ADAPTER.validate_python(wire))

    assert (read.price, read.billing_cadence) == (None, None)
    assert rate_card_to_wire(read).model_dump(mode="json", by_alias=True) == wire


def test_a_tax_config_is_kept_as_sent() -> None:
    tax = {"behavior": "exclusive", "stripe": {"code": "txcd_10000000"}}

    read = rate_card_from_wire(ADAPTER.validate_python(FEE_WIRE | {"taxConfig": tax}))

    assert read.tax_config == tax


def faults(card: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as refused:
        ADAPTER.validate_python(card)
    return [(str(fault["loc"][-1]), fault["type"]) for fault in refused.value.errors()]


FULL = MeteredTemplate(
    is_soft_limit=True,
    issue_after_reset=Decimal(100),
    issue_priority=5,
    preserve_overage_at_reset=True,
    usage_period=Cadence.parse("P1W"),
    metadata={"a": "b"},
)
METERED = {
    "type": "metered",
    "isSoftLimit": True,
    "issueAfterReset": 100,
    "issueAfterResetPriority": 5,
    "preserveOverageAtReset": True,
    "usagePeriod": "P1W",
    "metadata": {"a": "b"},
}


@pytest.mark.parametrize(
    ("wire", "template"),
    [
        (METERED, FULL),
        (
            {"type": "metered", "isSoftLimit": False, "issueAfterResetPriority": 1, "preserveOverageAtReset": False},
            MeteredTemplate(),
        ),
        ({"type": "static", "config": '{"a": 1.50}'}, StaticTemplate('{"a": 1.50}')),
        ({"type": "boolean", "metadata": {"a": "b"}}, BooleanTemplate({"a": "b"})),
    ],
)
@pytest.mark.parametrize("card", [FEE_WIRE, MILES_WIRE])
def test_every_entitlement_template_is_read_and_written(
    card: dict[str, Any], wire: dict[str, Any], template: EntitlementTemplate
) -> None:
    read = rate_card_from_wire(ADAPTER.validate_python(card | {"entitlementTemplate": wire}))

    assert read.entitlement == template
    assert rate_card_to_wire(read).model_dump(mode="json", by_alias=True) == card | {"entitlementTemplate": wire}


def test_a_metered_template_is_a_hard_limit_that_issues_nothing_unless_it_says_otherwise() -> None:
    read = rate_card_from_wire(ADAPTER.validate_python(MILES_WIRE | {"entitlementTemplate": {"type": "metered"}}))

    assert read.entitlement == MeteredTemplate(is_soft_limit=False, preserve_overage_at_reset=False)


@pytest.mark.parametrize(
    ("template", "place", "code"),
    [
        ({}, "entitlementTemplate", "union_tag_not_found"),
        ({"type": "unlimited"}, "entitlementTemplate", "union_tag_invalid"),
        ({"type": "boolean", "config": "{}"}, "config", "extra_forbidden"),
        ({"type": "static"}, "config", "missing"),
        ({"type": "static", "config": {}}, "config", "string_type"),
        ({"type": "static", "config": "{"}, "config", "json_text"),
        (METERED | {"isSoftLimit": "yes"}, "isSoftLimit", "bool_type"),
        (METERED | {"issueAfterReset": -1}, "issueAfterReset", "greater_than_equal"),
        (METERED | {"issueAfterReset": "1"}, "issueAfterReset", "number"),
        (METERED | {"issueAfterResetPriority": 0}, "issueAfterResetPriority", "greater_than_equal"),
        (METERED | {"issueAfterResetPriority": 256}, "issueAfterResetPriority", "less_than_equal"),
        (METERED | {"usagePeriod": "PT59M"}, "usagePeriod", "duration"),
        (METERED | {"metadata": {"a": 1}}, "a", "string_type"),
    ],
)
def test_a_fault_of_a_template_is_named(template: dict[str, Any], place: str, code: str) -> None:
    assert faults(MILES_WIRE | {"entitlementTemplate": template}) == [(place, code)]


@pytest.mark.parametrize(
    ("price", "sold"),
    [
        (UNIT | {"minimumAmount": "5"}, UnitPrice(ONE, Commitments(minimum=FIVE))),
        (UNIT | {"minimumAmount": "1", "maximumAmount": "5"}, UnitPrice(ONE, Commitments(ONE, FIVE))),
        (
            {"type": "tiered", "mode": "volume", "tiers": [TIER], "maximumAmount": "5"},
            TieredPrice(TierMode.VOLUME, (Tier(None, None, ONE),), Commitments(maximum=FIVE)),
        ),
        ({"type": "dynamic", "multiplier": "5"}, DynamicPrice(FIVE)),
        (
            {"type": "package", "amount": "1", "quantityPerPackage": "5", "minimumAmount": "5"},
            PackagePrice(ONE, FIVE, Commitments(minimum=FIVE)),
        ),
    ],
)
def test_every_price_of_the_contract_is_read_and_written(price: dict[str, Any], sold: Price) -> None:
    read = rate_card_from_wire(ADAPTER.validate_python(MILES_WIRE | {"price": price}))

    assert read.price == sold
    assert rate_card_to_wire(read).model_dump(mode="json", by_alias=True) == MILES_WIRE | {"price": price}


def test_a_dynamic_price_without_a_multiplier_charges_the_metered_value_once() -> None:
    read = rate_card_from_wire(ADAPTER.validate_python(MILES_WIRE | {"price": {"type": "dynamic"}}))

    assert read.price == DynamicPrice(ONE)


@pytest.mark.parametrize(
    ("discounts", "sold"),
    [
        ({"percentage": {"percentage": 12.5}}, Discounts(percentage=Decimal("12.5"))),
        ({"usage": {"quantity": "100"}}, Discounts(usage=Decimal(100))),
        ({"percentage": {"percentage": 100}, "usage": {"quantity": "0.5"}}, Discounts(Decimal(100), Decimal("0.5"))),
    ],
)
def test_discounts_are_read_and_written(discounts: dict[str, Any], sold: Discounts) -> None:
    read = rate_card_from_wire(ADAPTER.validate_python(MILES_WIRE | {"discounts": discounts}))

    assert read.discounts == sold
    assert rate_card_to_wire(read).model_dump(mode="json", by_alias=True) == MILES_WIRE | {"discounts": discounts}


def test_no_discounts_are_left_out() -> None:
    read = rate_card_from_wire(ADAPTER.validate_python(MILES_WIRE | {"discounts": {}}))

    assert read.discounts == Discounts()
    assert rate_card_to_wire(read).model_dump(mode="json", by_alias=True) == MILES_WIRE


@pytest.mark.parametrize(
    ("changes", "place", "code"),
    [
        ({"price": {"type": "unit", "amount": "-1"}}, "amount", "greater_than_equal"),
        ({"price": {"type": "unit", "amount": 1}}, "amount", "value_error"),
        ({"price": {"type": "unit", "amount": "NaN"}}, "amount", "value_error"),
        ({"price": {"type": "tiered", "mode": "graduated", "tiers": []}}, "tiers", "too_short"),
        ({"price": {"type": "tiered", "mode": "steps", "tiers": [TIER]}}, "mode", "enum"),
        ({"price": UNIT | {"minimumAmount": "-5"}}, "minimumAmount", "greater_than_equal"),
        ({"price": UNIT | {"maximumAmount": 5}}, "maximumAmount", "value_error"),
        ({"price": {"type": "dynamic", "multiplier": "-1"}}, "multiplier", "greater_than_equal"),
        (
            {"price": {"type": "package", "amount": "1", "quantityPerPackage": "0"}},
            "quantityPerPackage",
            "greater_than",
        ),
        ({"price": {"type": "package", "amount": "1"}}, "quantityPerPackage", "missing"),
        ({"price": {"type": "barter"}}, "price", "union_tag_invalid"),
        ({"discounts": {"percentage": {"percentage": 101}}}, "percentage", "less_than_equal"),
        ({"discounts": {"percentage": {"percentage": -1}}}, "percentage", "greater_than_equal"),
        ({"discounts": {"usage": {"quantity": "0"}}}, "quantity", "greater_than"),
        ({"discounts": {"amount": "5"}}, "amount", "extra_forbidden"),
        ({"billingCadence": "PT30M"}, "billingCadence", "duration"),
        ({"billingCadence": None}, "billingCadence", "duration"),
        ({"billingCadence": 1}, "billingCadence", "duration"),
        ({"key": "Not a key"}, "key", "string_pattern_mismatch"),
        ({"surprise": 1}, "surprise", "extra_forbidden"),
    ],
)
def test_a_fault_of_form_is_named(changes: dict[str, Any], place: str, code: str) -> None:
    assert faults(MILES_WIRE | changes) == [(place, code)]


def test_a_price_left_out_is_not_taken_for_free() -> None:
    assert faults({name: value for name, value in MILES_WIRE.items() if name != "price"}) == [("price", "missing")]


def test_a_plan_reads_the_contract_and_prorates_unless_told_otherwise() -> None:
    phase = {"key": "default", "name": "Default", "duration": None}
    body = {
        "key": "airline",
        "name": "Airline",
        "currency": "USD",
        "billingCadence": "P1M",
        "phases": [phase | {"rateCards": [FEE_WIRE, DEPARTURES_WIRE, MILES_WIRE]}],
    }

    assert plan_spec(PlanCreate.model_validate(body)) == AIRLINE
    fixed = body | {"proRatingConfig": {"enabled": False, "mode": "prorate_prices"}}
    assert plan_spec(PlanCreate.model_validate(fixed)).is_prorated is False
