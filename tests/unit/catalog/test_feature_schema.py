from typing import Any

import pytest
from pydantic import ValidationError

from meterhouse.catalog.feature import Feature
from meterhouse.catalog.feature_schema import FeatureCreateInputs, feature_spec, feature_wire
from meterhouse.kernel.errors import InvalidInput
from tests.unit.catalog.samples import START

MILES = {"key": "miles", "name": "Miles", "meterSlug": "miles"}
DESTINATIONS = {"dest": {"$in": ["LAX", "SFO"]}, "origin": {"$or": [{"$eq": "JFK"}, {"$like": "L%"}]}}


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


def test_filters_that_contradict_each_other_are_refused() -> None:
    body = MILES | {"meterGroupByFilters": {"dest": "LAX"}, "advancedMeterGroupByFilters": DESTINATIONS}

    with pytest.raises(InvalidInput) as refused:
        feature_spec(FeatureCreateInputs.model_validate(body))

    assert [(problem.field, problem.code) for problem in refused.value.problems] == [
        ("/meterGroupByFilters", "filters_differ")
    ]


def test_a_manual_unit_cost_is_kept_and_others_are_refused() -> None:
    assert shown(MILES | {"unitCost": {"type": "manual", "amount": "0.0004"}})["unitCost"] == {
        "type": "manual",
        "amount": "0.0004",
    }
    with pytest.raises(ValidationError, match="not supported yet"):
        FeatureCreateInputs.model_validate(MILES | {"unitCost": {"type": "llm", "model": "m"}})


def test_filters_may_not_be_nested_without_end() -> None:
    condition: dict[str, Any] = {"$eq": "LAX"}
    for _ in range(20):
        condition = {"$and": [condition]}

    with pytest.raises(ValidationError, match="deep"):
        FeatureCreateInputs.model_validate(MILES | {"advancedMeterGroupByFilters": {"dest": condition}})
