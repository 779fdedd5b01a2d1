"""What is left of the data of an erased subject's event: what meters read, and no more."""

from datetime import UTC, datetime

import pytest

from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.erased_name import ErasedName
from meterhouse.metering.model import Meter, MeterSpec, new_meter
from meterhouse.metering.reduced_data import reduced_data

AT = datetime(2026, 1, 1, tzinfo=UTC)
NAME = ErasedName("acme", "zoë", "erased-1", AT)


def meter(value: str | None = None, aggregation: Aggregation = Aggregation.SUM, **groups: str) -> Meter:
    spec = MeterSpec(
        slug="calls",
        name="Calls",
        aggregation=aggregation,
        event_type="call",
        value_property=value,
        group_by=groups,
    )
    return new_meter("m", spec, AT)


UNIQUE, COUNT = Aggregation.UNIQUE_COUNT, Aggregation.COUNT


@pytest.mark.parametrize(
    ("data", "meters", "kept"),
    [
        pytest.param('{"v":1.10,"mail":"z"}', [meter("$.v")], '{"v":1.10}', id="digits stay, the rest goes"),
        pytest.param('{"v":1,"u":"zoë"}', [meter("$.v", u="$.u")], '{"u":"erased-1","v":1}', id="the name gives way"),
        pytest.param('{"a":{"b":2,"c":3}}', [meter("$.a.b")], '{"a":{"b":2}}', id="a member of a member"),
        pytest.param('{"a":{"b":2,"c":3}}', [meter("$.a.b"), meter("$.a", UNIQUE)], '{"a":{"b":2,"c":3}}', id="both"),
        pytest.param(
            '{"a":[{"n":1,"w":"zoë"}],"z":0}', [meter("$.a[0].n")], '{"a":[{"n":1,"w":"erased-1"}]}', id="list"
        ),
        pytest.param('{"x":1,"d":{"n":3}}', [meter("$..n")], '{"x":1,"d":{"n":3}}', id="a path that looks everywhere"),
        pytest.param(
            '{"a":[1,2],"m":2,"z":0}', [meter("$.a[?@ == $.m]")], '{"a":[1,2],"m":2,"z":0}', id="a filter looks back"
        ),
        pytest.param(
            '{"o":{"who":"zoë"}}', [meter("$.o", UNIQUE)], '{"o":{"who":"erased-1"}}', id="told apart as text"
        ),
        pytest.param('{"v":1}', [meter(None, COUNT)], "", id="who counts reads nothing"),
        pytest.param('{"v":1}', [], "", id="nobody reads it"),
        pytest.param('{"w":1}', [meter("$.v")], "", id="what is missing stays missing"),
        pytest.param("no JSON", [meter("$.v")], "", id="what nobody can read"),
        pytest.param('{"v":9e999}', [meter("$.v")], '{"v":9E+999}', id="a number out of range is one still"),
    ],
)
def test_what_meters_read_is_kept_and_they_read_the_same(data: str, meters: list[Meter], kept: str) -> None:
    assert reduced_data(data.encode(), meters, NAME).decode() == kept


def test_a_value_that_is_called_as_the_subject_is_stays_a_value() -> None:
    five = ErasedName("acme", "5", "erased-1", AT)
    assert reduced_data(b'{"v":"5","x":1}', [meter("$.v")], five) == b'{"v":"5"}'
