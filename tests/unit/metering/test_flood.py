"""When poison is the sink's own fault: several namespaces, and half of all that are seen."""

import pytest

from meterhouse.metering.flood import LEAST_POISON, REMEMBERED, FloodGauge, Seen


def seen(namespaces: int, *, sound: int = 0, records: int = LEAST_POISON, first: int = 0) -> list[Seen]:
    """Poison of so many namespaces in turn, then a sound record of each of some others."""
    poison = [Seen(0, first + place, b"p%d" % (place % namespaces), is_poison=True) for place in range(records)]
    return poison + [Seen(1, first + place, b"s%d" % place, is_poison=False) for place in range(sound)]


@pytest.mark.parametrize(
    ("records", "is_flood"),
    [
        (seen(2), True),
        (seen(2, sound=2), True),
        (seen(2, sound=3), False),
        (seen(1, records=400), False),
        (seen(2, records=LEAST_POISON - 1), False),
        ([], False),
    ],
)
def test_a_flood_is_poison_of_several_namespaces_that_are_half_of_all(records: list[Seen], *, is_flood: bool) -> None:
    assert FloodGauge().rises(records) is is_flood


def test_single_records_add_up_each_place_once_until_they_are_long_ago() -> None:
    gauge = FloodGauge()
    places = seen(2)
    assert [gauge.rises([place]) for place in (*places[:-1], *places[:-1])] == [False] * (2 * LEAST_POISON - 2)
    assert gauge.rises(places[-1:])
    assert gauge.rises(places[-1:])  # the same again, to the same sink
    sound = [Seen(2, place, b"p0", is_poison=False) for place in range(REMEMBERED)]
    assert not gauge.rises(sound)
