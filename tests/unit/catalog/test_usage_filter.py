from meterhouse.catalog.usage_filter import usage_filters
from meterhouse.metering.filter import Comparison, Operator


def test_a_key_without_a_condition_is_no_filter() -> None:
    assert usage_filters({"dest": {"$eq": "LAX"}, "origin": {}}) == {"dest": Comparison(Operator.EQ, "LAX")}
