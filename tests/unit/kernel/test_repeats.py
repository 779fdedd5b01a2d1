from collections.abc import Hashable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.kernel.repeats import repeats


@pytest.mark.parametrize(
    ("names", "places"),
    [([], []), (["a", "b"], []), (["a", "b", "a", "a"], [2, 3]), ([("a", 1), ("a", 2), ("a", 1)], [2])],
)
def test_it_tells_where_a_name_stands_that_stood_before(names: list[Hashable], places: list[int]) -> None:
    assert list(repeats(names)) == places


@given(st.lists(st.integers(0, 5)))
def test_what_is_left_without_repeats_is_each_name_once_where_it_stood_first(names: list[int]) -> None:
    again = set(repeats(names))
    assert [name for place, name in enumerate(names) if place not in again] == list(dict.fromkeys(names))
