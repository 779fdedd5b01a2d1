from decimal import Decimal

import pytest

from meterhouse.catalog.feature import FeatureSpec, check_group_bys
from meterhouse.catalog.unit_cost import LlmUnitCost, ManualUnitCost, TokenType, ToldBy
from meterhouse.kernel.errors import InvalidInput, Problems

COST = LlmUnitCost(ToldBy("vendor"), ToldBy("model"), TokenType.INPUT)
TOKENS = FeatureSpec("tokens", "Tokens", "tokens", {"region": {"$eq": "eu"}, "a/b": {"$eq": "c"}}, COST)


def test_a_feature_reads_the_keys_of_its_filters_and_of_its_unit_cost() -> None:
    assert TOKENS.group_bys == {"region", "a/b", "vendor", "model"}
    assert FeatureSpec("seats", "Seats", unit_cost=ManualUnitCost(Decimal(1))).group_bys == set()


def test_every_key_that_the_meter_does_not_group_by_is_named_where_it_was_given() -> None:
    problems = Problems()

    check_group_bys(TOKENS, {"region", "model"}, "/meterGroupByFilters", problems)

    with pytest.raises(InvalidInput) as refused:
        problems.raise_if_any("refused")
    assert [(problem.field, problem.code) for problem in refused.value.problems] == [
        ("/meterGroupByFilters/a~1b", "unknown_group_by_key"),
        ("/unitCost/providerProperty", "unknown_group_by_key"),
    ]
