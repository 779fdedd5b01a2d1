from meterhouse.catalog.usage_filter import filter_of, usage_filters
from meterhouse.metering.filters import AllOf, AnyOf, Comparison, Operator

LAX = Comparison(Operator.EQ, ("LAX",))
CALIFORNIA = Comparison(Operator.IN, ("LAX", "SFO"))


def test_a_single_condition_is_one_comparison() -> None:
    assert filter_of({"$eq": "LAX"}) == LAX
    assert filter_of({"$in": ["LAX", "SFO"]}) == CALIFORNIA


def test_all_conditions_of_one_object_hold() -> None:
    assert filter_of({"$ne": "LAX", "$like": "L%"}) == AllOf(
        (Comparison(Operator.NE, ("LAX",)), Comparison(Operator.LIKE, ("L%",)))
    )


def test_conditions_nest() -> None:
    nested = {"$or": [{"$eq": "LAX"}, {"$and": [{"$in": ["LAX", "SFO"]}]}]}

    assert filter_of(nested) == AnyOf((LAX, AllOf((CALIFORNIA,))))


def test_a_key_without_a_condition_is_no_filter() -> None:
    assert usage_filters({"dest": {"$eq": "LAX"}, "origin": {}}) == {"dest": LAX}
