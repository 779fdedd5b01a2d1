"""Which feature of a key holds when."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.catalog.feature import Feature, FeatureSpec
from meterhouse.kernel.errors import InvalidInput
from meterhouse.llmcost.feature_life import lives
from tests.unit.llmcost.samples import T

DAY = timedelta(days=1)


def feature(name: str, key: str, created: int, archived: int | None = None) -> Feature:
    made, ended = T + created * DAY, None if archived is None else T + archived * DAY
    return Feature(name, FeatureSpec(key, name), made, made, meter_id="m", archived_at=ended)


def held(features: list[Feature], from_: int = 0, to: int = 10) -> list[tuple[str, int, int]]:
    found = lives(features, T + from_ * DAY, T + to * DAY)
    return [(one.feature.id, (one.from_ - T).days, (one.to - T).days) for one in found]


def test_a_successor_begins_where_its_predecessor_ended_and_the_first_holds_before_it_was_made() -> None:
    features = [feature("a", "k", 2, 4), feature("b", "k", 5, 8), feature("c", "other", 3)]

    assert held(features) == [("a", 0, 4), ("b", 4, 8), ("c", 0, 10)]


def test_a_feature_of_another_time_has_no_part_in_the_period() -> None:
    features = [feature("a", "k", 2, 4), feature("b", "k", 4), feature("c", "gone", 0, 1)]

    assert held(features, 4, 6) == [("b", 4, 6)]
    assert held(features, 1, 4) == [("a", 1, 4)]


@given(ends=st.lists(st.integers(-5, 15), unique=True, max_size=6).map(sorted), at=st.integers(0, 9))
def test_each_instant_before_the_last_end_has_one_feature(ends: list[int], at: int) -> None:
    features = [feature(str(end), "k", end - 1, end) for end in ends]

    holding = [start <= at < end for _, start, end in held(features)]

    assert sum(holding) == (1 if ends and at < ends[-1] else 0)


@pytest.mark.parametrize("to", [T, T - DAY])
def test_a_report_of_no_period_is_refused(to: datetime) -> None:
    with pytest.raises(InvalidInput) as refused:
        lives([], T, to)

    assert [(one.field, one.code) for one in refused.value.problems] == [("query:from", "empty_period")]
