"""Every fault of a feature is a 400 that names its place."""

from typing import Any

import pytest

from tests.integration.catalog.given import Call
from tests.integration.catalog.test_features import FEATURES, LLM, TOKENS
from tests.problems import faults_of

SIMPLE, ADVANCED = "meterGroupByFilters", "advancedMeterGroupByFilters"
ABSENT = object()


def cost(**changes: object) -> dict[str, Any]:
    """A sound unit cost of a language model, changed."""
    return {"unitCost": {name: value for name, value in (LLM | changes).items() if value is not ABSENT}}


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"key": ABSENT}, "/key", "missing"),
        ({"key": None}, "/key", "string_type"),
        ({"key": "Not a key"}, "/key", "string_pattern_mismatch"),
        ({"key": "k" * 65}, "/key", "string_too_long"),
        ({"key": "01hz0000000000000000000009"}, "/key", "key_looks_like_id"),
        ({"name": ABSENT}, "/name", "missing"),
        ({"name": ""}, "/name", "string_too_short"),
        ({"name": "n" * 257}, "/name", "string_too_long"),
        ({"metadata": {"unit": 1}}, "/metadata/unit", "string_type"),
        ({"surprise": 1}, "/surprise", "extra_forbidden"),
        ({"id": "01HZ0000000000000000000009"}, "/id", "extra_forbidden"),
        ({"meterSlug": "km"}, "/meterSlug", "meter_not_found"),
        ({"meterSlug": "01HZ00000000000000000000M3"}, "/meterSlug", "string_pattern_mismatch"),
        ({"meterSlug": ABSENT, SIMPLE: {"kind": "input"}}, "/meterSlug", "meter_required"),
        ({"meterSlug": ABSENT, ADVANCED: {"kind": {"$eq": "input"}}}, "/meterSlug", "meter_required"),
        ({SIMPLE: {"a/b": "1"}}, f"/{SIMPLE}/a~1b", "unknown_group_by_key"),
        ({SIMPLE: {"kind": 1}}, f"/{SIMPLE}/kind", "string_type"),
        ({SIMPLE: ["kind"]}, f"/{SIMPLE}", "dict_type"),
        ({ADVANCED: {"a/b": {"$eq": "1"}}}, f"/{ADVANCED}/a~1b", "unknown_group_by_key"),
        ({ADVANCED: {"kind": "input"}}, f"/{ADVANCED}/kind", "model_attributes_type"),
        ({ADVANCED: {"kind": {"$is": "input"}}}, f"/{ADVANCED}/kind/$is", "extra_forbidden"),
        ({ADVANCED: {"kind": {"$in": "input"}}}, f"/{ADVANCED}/kind/$in", "list_type"),
        ({ADVANCED: {"kind": {"$like": "\\"}}}, f"/{ADVANCED}/kind/$like", "like_pattern"),
        ({ADVANCED: {"kind": {"$or": [{"$eq": 1}]}}}, f"/{ADVANCED}/kind/$or/0/$eq", "string_type"),
        ({SIMPLE: {"kind": "a"}, ADVANCED: {"kind": {"$eq": "b"}}}, f"/{SIMPLE}", "filters_differ"),
        ({SIMPLE: {"kind": "a"}, ADVANCED: {"model": {"$eq": "a"}}}, f"/{SIMPLE}", "filters_differ"),
        ({"unitCost": {}}, "/unitCost", "union_tag_not_found"),
        ({"unitCost": {"type": "market"}}, "/unitCost", "union_tag_invalid"),
        ({"unitCost": {"type": "manual"}}, "/unitCost/amount", "missing"),
        ({"unitCost": {"type": "manual", "amount": 1}}, "/unitCost/amount", "value_error"),
        ({"unitCost": {"type": "manual", "amount": "1e3"}}, "/unitCost/amount", "value_error"),
        ({"unitCost": {"type": "manual", "amount": "-1"}}, "/unitCost/amount", "greater_than_equal"),
        ({"unitCost": {"type": "manual", "amount": "1", "model": "gpt-4"}}, "/unitCost/model", "extra_forbidden"),
        (cost(amount="1"), "/unitCost/amount", "extra_forbidden"),
        (cost(pricing={}), "/unitCost/pricing", "extra_forbidden"),
        (cost(provider=ABSENT), "/unitCost/provider", "missing"),
        (cost(provider=None), "/unitCost/provider", "missing"),
        (cost(provider=""), "/unitCost/provider", "string_too_short"),
        (cost(providerProperty="vendor"), "/unitCost/providerProperty", "both_given"),
        (cost(provider=ABSENT, providerProperty="who"), "/unitCost/providerProperty", "unknown_group_by_key"),
        (cost(model=ABSENT), "/unitCost/model", "missing"),
        (cost(modelProperty="model"), "/unitCost/modelProperty", "both_given"),
        (cost(model=ABSENT, modelProperty="which"), "/unitCost/modelProperty", "unknown_group_by_key"),
        (cost(tokenType=ABSENT), "/unitCost/tokenType", "missing"),
        (cost(tokenType="words"), "/unitCost/tokenType", "enum"),
        (cost(tokenTypeProperty="kind"), "/unitCost/tokenTypeProperty", "both_given"),
        (cost(tokenType=ABSENT, tokenTypeProperty="what"), "/unitCost/tokenTypeProperty", "unknown_group_by_key"),
        ({"meterSlug": ABSENT} | cost(model=ABSENT, modelProperty="model"), "/meterSlug", "meter_required"),
        ({"meterSlug": "altitude"} | cost(), "/unitCost/type", "meter_not_summable"),
    ],
)
def test_a_faulty_feature_is_refused_at_its_fault(call: Call, changes: dict[str, Any], field: str, code: str) -> None:
    body = {name: value for name, value in (TOKENS | changes).items() if value is not ABSENT}

    status, problem = call("POST", FEATURES, body)

    assert status == 400
    assert faults_of(problem) == [(field, code)]
    assert all(fault["message"] for fault in problem["extensions"]["validationErrors"])
    assert call("GET", FEATURES) == (200, [])
