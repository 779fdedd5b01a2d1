from typing import Any

import pytest
from pydantic import ValidationError

from meterhouse.catalog.feature import Feature
from meterhouse.catalog.feature_schema import FeatureCreateInputs, feature_spec, feature_wire, filters_at
from meterhouse.kernel.errors import InvalidInput
from tests.unit.catalog.samples import START

MILES = {"key": "miles", "name": "Miles", "meterSlug": "miles"}
DESTINATIONS = {"dest": {"$in": ["LAX", "SFO"]}, "origin": {"$or": [{"$eq": "JFK"}, {"$like": "L%"}]}}


VENDOR = {"type": "llm", "provider": "openai", "modelProperty": "model", "tokenType": "input"}


def shown(body: dict[str, Any]) -> dict[str, Any]:
    spec = feature_spec(FeatureCreateInputs.model_validate(body))
    feature = Feature("01HZ0000000000000000000001", spec, START, START, "01HZ0000000000000000000002")
    return feature_wire(feature).model_dump(mode="json", by_alias=True)


def test_advanced_filters_come_back_as_sent() -> None:
    answer = shown(MILES | {"advancedMeterGroupByFilters": DESTINATIONS})

    assert answer["advancedMeterGroupByFilters"] == DESTINATIONS
    assert "meterGroupByFilters" not in answer


def test_simple_filters_come_back_in_both_forms() -> None:
    answer = shown(MILES | {"meterGroupByFilters": {"dest": "LAX"}})

    assert answer["meterGroupByFilters"] == {"dest": "LAX"}
    assert answer["advancedMeterGroupByFilters"] == {"dest": {"$eq": "LAX"}}
    assert shown(MILES | {name: answer[name] for name in answer if "Filters" in name}) == answer


def test_filters_that_are_not_all_equalities_have_no_simple_form() -> None:
    mixed = {"dest": {"$eq": "LAX"}, "origin": {"$ne": "JFK"}}

    assert "meterGroupByFilters" not in shown(MILES | {"advancedMeterGroupByFilters": mixed})


@pytest.mark.parametrize(
    ("simple", "advanced", "counted"),
    [
        ({"dest": "LAX"}, {}, "/meterGroupByFilters"),
        ({"dest": "LAX"}, None, "/meterGroupByFilters"),
        ({}, {"dest": {"$eq": "LAX"}}, "/advancedMeterGroupByFilters"),
        ({"dest": "LAX"}, {"dest": {"$eq": "LAX", "$ne": None}}, "/advancedMeterGroupByFilters"),
    ],
)
def test_a_form_without_a_filter_counts_as_left_out(simple: object, advanced: object, counted: str) -> None:
    body = FeatureCreateInputs.model_validate(
        MILES | {"meterGroupByFilters": simple, "advancedMeterGroupByFilters": advanced}
    )

    assert feature_spec(body).filters == {"dest": {"$eq": "LAX"}}
    assert filters_at(body) == counted


def test_all_that_contradicts_itself_is_named_at_once() -> None:
    filters = {"meterGroupByFilters": {"dest": "LAX"}, "advancedMeterGroupByFilters": DESTINATIONS}
    cost = {"type": "llm", "model": "m", "modelProperty": "model", "tokenType": "input"}

    with pytest.raises(InvalidInput) as refused:
        feature_spec(FeatureCreateInputs.model_validate(MILES | filters | {"unitCost": cost}))

    assert [(problem.field, problem.code) for problem in refused.value.problems] == [
        ("/meterGroupByFilters", "filters_differ"),
        ("/unitCost/provider", "missing"),
        ("/unitCost/modelProperty", "both_given"),
    ]


@pytest.mark.parametrize(
    "cost",
    [
        {"type": "manual", "amount": "0.000400"},
        {"type": "manual", "amount": "0"},
        {"type": "llm", "provider": "openai", "model": "gpt-4", "tokenType": "cache_read"},
        {"type": "llm", "providerProperty": "vendor", "modelProperty": "model", "tokenTypeProperty": "kind"},
        *(VENDOR | {"tokenType": kind} for kind in ("input", "request", "output", "response", "reasoning")),
    ],
)
def test_a_unit_cost_comes_back_as_sent(cost: dict[str, str]) -> None:
    assert shown(MILES | {"unitCost": cost})["unitCost"] == cost


def test_filters_may_not_be_nested_without_end() -> None:
    condition: dict[str, Any] = {"$eq": "LAX"}
    for _ in range(20):
        condition = {"$and": [condition]}

    with pytest.raises(ValidationError, match="deep"):
        FeatureCreateInputs.model_validate(MILES | {"advancedMeterGroupByFilters": {"dest": condition}})
