"""What a filter says of a text here, and what the usage store says."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meterhouse.metering.clickhouse_filter import Parameters, condition
from meterhouse.metering.filter import All, AnyOf, Comparison, Filter, Operator, admits
from meterhouse.platform.clickhouse import ClickHouse

TEXTS = st.text(alphabet="aAbß%_\\ \n€", max_size=5)
LISTED = {Operator.IN, Operator.NOT_IN}
LIKE = {Operator.LIKE, Operator.NOT_LIKE, Operator.ILIKE, Operator.NOT_ILIKE}
PATTERNS = st.lists(st.sampled_from(["a", "A", "b", "%", "_", r"\%", r"\_", r"\\", "€"]), max_size=5).map("".join)


def comparison(operator: Operator) -> st.SearchStrategy[Filter]:
    operands = st.lists(TEXTS, max_size=3).map(tuple) if operator in LISTED else PATTERNS if operator in LIKE else TEXTS
    return operands.map(lambda operand: Comparison(operator, operand))


COMPARISONS = st.sampled_from(Operator).flatmap(comparison)
FILTERS = st.recursive(
    COMPARISONS,
    lambda inner: st.lists(inner, max_size=3).map(tuple).flatmap(lambda p: st.sampled_from([All(p), AnyOf(p)])),
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wanted=FILTERS, texts=st.lists(TEXTS, min_size=1, max_size=5))
def test_a_filter_says_of_a_text_what_the_usage_store_says(
    usage_store: ClickHouse, wanted: Filter, texts: list[str]
) -> None:
    parameters = Parameters()
    column = f"arrayJoin({parameters.bind(texts)})"
    said = usage_store.query(
        f"SELECT {condition(wanted, 'text', parameters)} FROM (SELECT {column} AS text)", parameters.values
    )

    assert [bool(answer) for (answer,) in said] == [admits(wanted, text) for text in texts]


@pytest.mark.parametrize("text", ["", "a", "A\n"])
def test_without_conditions_every_text_is_admitted(text: str) -> None:
    assert admits(All(), text)
    assert not admits(AnyOf(()), text)
