"""What a condition on a text admits, and how conditions are read from a query."""

from dataclasses import asdict
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.kernel.errors import InvalidInput
from meterhouse.platform.text_filter import ANY_TEXT, EXACT, TextFilter, text_filter_parameter, text_filters

CONDITIONS: dict[str, Any] = {
    "eq": "b",
    "neq": "b",
    "oeq": ("a", "c"),
    "contains": "B",
    "ocontains": ("x", "A"),
    "gt": "b",
    "gte": "b",
    "lt": "b",
    "lte": "b",
    "exists": True,
}


@pytest.mark.parametrize(
    ("how", "admitted"),
    [
        ("eq", "b"),
        ("neq", "ac"),
        ("oeq", "ac"),
        ("contains", "b"),
        ("ocontains", "a"),
        ("gt", "c"),
        ("gte", "bc"),
        ("lt", "a"),
        ("lte", "ab"),
        ("exists", "abc"),
    ],
)
def test_a_condition_admits_what_fulfils_it(how: str, admitted: str) -> None:
    condition = TextFilter(**{how: CONDITIONS[how]})

    assert "".join(filter(condition.admits, "abc")) == admitted


@given(st.text(), st.sets(st.sampled_from(sorted(CONDITIONS))))
def test_several_conditions_admit_what_each_of_them_does(text: str, chosen: set[str]) -> None:
    conditions = {how: CONDITIONS[how] for how in chosen}

    each = [TextFilter(**{how: value}).admits(text) for how, value in conditions.items()]

    assert TextFilter(**conditions).admits(text) == all(each)


def test_each_operator_is_read_as_it_is_written() -> None:
    query = parse_qs("&".join(f"filter[key][{how}]={written(value)}" for how, value in CONDITIONS.items()))

    assert text_filters(query, ["key"]) == {"key": TextFilter(**CONDITIONS)}
    assert text_filters(parse_qs("filter[key]=a"), ["key", "name"]) == {"key": TextFilter(eq="a")}
    assert text_filters(parse_qs("filter[key]=a&filter[key][eq]=a&page[size]=1"), ["key"]) == {
        "key": TextFilter(eq="a")
    }
    assert text_filters({}, ["key"]) == {}


def written(value: object) -> str:
    return ",".join(value) if isinstance(value, tuple) else str(value)


@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ("filter[key][like]=a", "unsupported_filter"),
        ("filter[name]=a", "unsupported_filter"),
        ("filter[key]=a&filter[key][eq]=b", "contradiction"),
        ("filter[key][neq]=a&filter[key][neq]=b", "value"),
        ("filter[key][exists]=maybe", "value"),
        (f"filter[key][gt]={'a' * 257}", "value"),
        (f"filter[key][oeq]={'a' * 4097}", "value"),
    ],
)
def test_what_cannot_be_read_is_refused(query: str, fault: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        text_filters(parse_qs(query), ["key"])

    assert [one.code for one in refused.value.problems] == [fault]


def test_where_texts_are_exact_none_is_searched() -> None:
    with pytest.raises(InvalidInput):
        text_filters(parse_qs("filter[currency][contains]=U"), ["currency"], EXACT)
    assert text_filters(parse_qs("filter[currency][oeq]=U&filter[at]=1"), ["currency"], EXACT, ["filter[at]"]) == {
        "currency": TextFilter(oeq=("U",))
    }


def test_what_is_described_is_what_there_is() -> None:
    assert set(text_filter_parameter("key")["schema"]["properties"]) == set(asdict(ANY_TEXT))
    assert ANY_TEXT.parameters("key").keys() == {f"key_{how}" for how in asdict(ANY_TEXT)}
