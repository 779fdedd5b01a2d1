"""Every fault of a plan, an add-on or what plans sell is a 400 that names its place."""

from typing import Any

import pytest

from tests.integration.catalog.given import Call
from tests.integration.catalog.test_addons import ADDONS, LOUNGE, TERMINAL, on_sale
from tests.integration.catalog.test_plan_addons import TERMS
from tests.integration.catalog.test_plans import PHASE, PLAN, PLANS, created
from tests.problems import faults_of
from tests.unit.catalog.test_schema import FEE_WIRE, METERED, MILES_WIRE

ABSENT = object()
SOME_ID = "01HZ0000000000000000000009"
PERCENTAGE = {"discounts": {"percentage": {"percentage": 5}}}
CARD = "/phases/0/rateCards/0"
UNIT = f"{CARD}/unitConfig"
THOUSANDS = {"operation": "divide", "conversionFactor": "1000"}


def changed(body: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in (body | changes).items() if value is not ABSENT}


def phase(**changes: object) -> dict[str, Any]:
    return {"phases": [changed(PHASE, changes)]}


def card(given: dict[str, Any], **changes: object) -> dict[str, Any]:
    return phase(rateCards=[changed(given, changes)])


def template(**changes: object) -> dict[str, Any]:
    return card(MILES_WIRE, entitlementTemplate=changed(METERED, changes))


VERSIONED = [
    ({"key": ABSENT}, "/key", "missing"),
    ({"key": "Not a key"}, "/key", "string_pattern_mismatch"),
    ({"key": "k" * 65}, "/key", "string_too_long"),
    ({"name": ABSENT}, "/name", "missing"),
    ({"name": ""}, "/name", "string_too_short"),
    ({"name": "n" * 257}, "/name", "string_too_long"),
    ({"description": "d" * 1025}, "/description", "string_too_long"),
    ({"metadata": {"unit": 1}}, "/metadata/unit", "string_type"),
    ({"currency": ABSENT}, "/currency", "missing"),
    ({"currency": "usd"}, "/currency", "string_pattern_mismatch"),
    ({"currency": "XXX"}, "/currency", "unknown_currency"),
    ({"id": SOME_ID}, "/id", "extra_forbidden"),
    ({"version": 2}, "/version", "extra_forbidden"),
    ({"status": "active"}, "/status", "extra_forbidden"),
    ({"effectiveFrom": "2030-01-01T00:00:00Z"}, "/effectiveFrom", "extra_forbidden"),
]


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        *VERSIONED,
        ({"billingCadence": ABSENT}, "/billingCadence", "missing"),
        ({"billingCadence": "PT30M"}, "/billingCadence", "duration"),
        ({"billingCadence": "P2M"}, "/billingCadence", "plan_billing_cadence_invalid"),
        ({"alignment": {"billablesMustAlign": False}}, "/alignment/billablesMustAlign", "not_supported"),
        ({"alignment": {"mustAlign": True}}, "/alignment/mustAlign", "extra_forbidden"),
        ({"proRatingConfig": {"enabled": True}}, "/proRatingConfig/mode", "missing"),
        ({"proRatingConfig": {"enabled": True, "mode": "none"}}, "/proRatingConfig/mode", "literal_error"),
        ({"settlementMode": "barter"}, "/settlementMode", "enum"),
        ({"phases": ABSENT}, "/phases", "missing"),
        ({"phases": []}, "/phases", "too_short"),
        ({"phases": [PHASE, PHASE]}, "/phases/1/key", "plan_phase_duplicated_key"),
        (phase(key=ABSENT), "/phases/0/key", "missing"),
        (phase(name=ABSENT), "/phases/0/name", "missing"),
        (phase(duration=ABSENT), "/phases/0/duration", "missing"),
        (phase(duration="PT59M"), "/phases/0/duration", "duration"),
        (phase(duration="P1M1D"), "/phases/0/duration", "duration"),
        (phase(duration="P101Y"), "/phases/0/duration", "plan_phase_duration_too_long"),
        (phase(rateCards=ABSENT), "/phases/0/rateCards", "missing"),
        (phase(metadata=[]), "/phases/0/metadata", "dict_type"),
        (phase(rateCards=[FEE_WIRE, FEE_WIRE]), "/phases/0/rateCards/1/key", "rate_card_duplicated_key"),
        (card(FEE_WIRE, type="free"), CARD, "union_tag_invalid"),
        (card(FEE_WIRE, featureKey="other"), f"{CARD}/featureKey", "rate_card_key_feature_key_mismatch"),
        (card(FEE_WIRE, unitConfig={}), f"{CARD}/unitConfig", "extra_forbidden"),
        (card(MILES_WIRE, unitConfig=THOUSANDS | {"conversionFactor": "0"}), f"{UNIT}/conversionFactor", "value_error"),
        (card(MILES_WIRE, unitConfig=THOUSANDS | {"precision": 19}), f"{UNIT}/precision", "less_than_equal"),
        (card(MILES_WIRE, unitConfig=THOUSANDS | {"conversionFactor": "1" * 16}), UNIT, "number_out_of_range"),
        (
            card(MILES_WIRE, unitConfig=THOUSANDS, price={"type": "dynamic"}),
            UNIT,
            "rate_card_unit_config_not_applicable",
        ),
        (card(FEE_WIRE, price=ABSENT), f"{CARD}/price", "missing"),
        (card(FEE_WIRE, price=None, **PERCENTAGE), f"{CARD}/discounts/percentage", "rate_card_discount_without_price"),
        (card(FEE_WIRE, taxConfig={"behavior": "none"}), f"{CARD}/taxConfig/behavior", "literal_error"),
        (
            card(FEE_WIRE, taxConfig={"stripe": {"code": "10000000"}}),
            f"{CARD}/taxConfig/stripe/code",
            "string_pattern_mismatch",
        ),
        (card(FEE_WIRE, taxConfig={"taxCodeId": "vat"}), f"{CARD}/taxConfig/taxCodeId", "string_pattern_mismatch"),
        (template(type="unlimited"), f"{CARD}/entitlementTemplate", "union_tag_invalid"),
        (template(usagePeriod="PT1M"), f"{CARD}/entitlementTemplate/usagePeriod", "duration"),
        (
            template(issueAfterReset=ABSENT),
            f"{CARD}/entitlementTemplate/issueAfterResetPriority",
            "entitlement_template_priority_of_nothing",
        ),
        (
            template(usagePeriod="P101Y"),
            f"{CARD}/entitlementTemplate/usagePeriod",
            "entitlement_template_usage_period_too_long",
        ),
        (
            card(MILES_WIRE, entitlementTemplate={"type": "static", "config": "{"}),
            f"{CARD}/entitlementTemplate/config",
            "json_text",
        ),
    ],
)
def test_a_faulty_plan_is_refused_at_its_fault(call: Call, changes: dict[str, Any], field: str, code: str) -> None:
    status, problem = call("POST", PLANS, changed(PLAN, changes))

    assert (status, faults_of(problem)) == (400, [(field, code)])
    assert call("GET", PLANS)[1]["totalCount"] == 0


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        *VERSIONED,
        ({"instanceType": ABSENT}, "/instanceType", "missing"),
        ({"instanceType": "many"}, "/instanceType", "enum"),
        ({"annotations": {}}, "/annotations", "extra_forbidden"),
        ({"rateCards": ABSENT}, "/rateCards", "missing"),
        ({"rateCards": {}}, "/rateCards", "list_type"),
        ({"rateCards": [LOUNGE, LOUNGE]}, "/rateCards/1/key", "rate_card_duplicated_key"),
        ({"rateCards": [FEE_WIRE | {"name": ""}]}, "/rateCards/0/name", "string_too_short"),
        ({"rateCards": [LOUNGE | {"key": "club"}]}, "/rateCards/0/featureKey", "rate_card_key_feature_key_mismatch"),
        (
            {"rateCards": [MILES_WIRE | {"entitlementTemplate": METERED | {"issueAfterReset": -1}}]},
            "/rateCards/0/entitlementTemplate/issueAfterReset",
            "greater_than_equal",
        ),
    ],
)
def test_a_faulty_add_on_is_refused_at_its_fault(call: Call, changes: dict[str, Any], field: str, code: str) -> None:
    body = changed(TERMINAL, changes)

    status, problem = call("POST", ADDONS, body)

    assert (status, faults_of(problem)) == (400, [(field, code)])
    assert call("GET", ADDONS)[1]["totalCount"] == 0


@pytest.mark.usefixtures("features")
@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"addonId": ABSENT}, "/addonId", "missing"),
        ({"addonId": "terminal"}, "/addonId", "string_pattern_mismatch"),
        ({"addonId": SOME_ID}, "/addonId", "addon_not_found"),
        ({"fromPlanPhase": ABSENT}, "/fromPlanPhase", "missing"),
        ({"fromPlanPhase": ""}, "/fromPlanPhase", "string_too_short"),
        ({"fromPlanPhase": "nowhere"}, "/fromPlanPhase", "plan_addon_unknown_plan_phase"),
        ({"maxQuantity": 0}, "/maxQuantity", "greater_than_equal"),
        ({"maxQuantity": 2**31}, "/maxQuantity", "less_than_equal"),
        ({"maxQuantity": "3"}, "/maxQuantity", "int_type"),
        ({"metadata": {"a": None}}, "/metadata/a", "string_type"),
        ({"annotations": {}}, "/annotations", "extra_forbidden"),
    ],
)
def test_a_faulty_assignment_is_refused_at_its_fault(
    call: Call, changes: dict[str, Any], field: str, code: str
) -> None:
    plan, addon = created(call), on_sale(call)
    body = changed(TERMS | {"addonId": addon["id"]}, changes)

    status, problem = call("POST", f"{PLANS}/{plan['id']}/addons", body)

    assert (status, faults_of(problem)) == (400, [(field, code)])
    assert call("GET", f"{PLANS}/{plan['id']}/addons")[1]["totalCount"] == 0
