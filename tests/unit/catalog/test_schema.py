from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from meterhouse.catalog.plan_schema import PlanCreate, plan_spec
from meterhouse.catalog.schema import RateCardWire, rate_card_from_wire, rate_card_to_wire
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


@pytest.mark.parametrize(("card", "wire"), [(FEE, FEE_WIRE), (MILES, MILES_WIRE), (DEPARTURES, DEPARTURES_WIRE)])
def test_a_rate_card_reads_and_writes_the_contract(card: object, wire: dict[str, Any]) -> None:
    read = rate_card_from_wire(ADAPTER.validate_python(wire))

    assert read == card
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


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"discounts": {"percentage": {"percentage": 10}}}, "discounts"),
        ({"entitlementTemplate": {"type": "boolean"}}, "entitlementTemplate"),
        ({"price": UNIT | {"minimumAmount": "5"}}, "minimumAmount"),
        ({"price": UNIT | {"maximumAmount": "5"}}, "maximumAmount"),
        ({"price": {"type": "dynamic"}}, "price"),
        ({"price": {"type": "package", "amount": "1", "quantityPerPackage": "10"}}, "price"),
        ({"price": {"type": "tiered", "mode": "volume", "tiers": [TIER]}}, "mode"),
    ],
)
def test_what_cannot_be_billed_cannot_be_sold(changes: dict[str, Any], place: str) -> None:
    assert faults(MILES_WIRE | changes) == [(place, "not_supported_yet")]


@pytest.mark.parametrize(
    ("changes", "place", "code"),
    [
        ({"price": {"type": "unit", "amount": "-1"}}, "amount", "greater_than_equal"),
        ({"price": {"type": "unit", "amount": 1}}, "amount", "value_error"),
        ({"price": {"type": "unit", "amount": "NaN"}}, "amount", "value_error"),
        ({"price": {"type": "tiered", "mode": "graduated", "tiers": []}}, "tiers", "too_short"),
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
