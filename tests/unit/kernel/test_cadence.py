from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.kernel.cadence import (
    Cadence,
    CadenceUnit,
    add,
    divides,
    exceeds_a_century,
    index_at,
    occurrence,
    period_at,
    periods_between,
)
from meterhouse.kernel.errors import InvalidInput
from meterhouse.kernel.instant import parse_rfc3339
from meterhouse.kernel.period import Period

CADENCES = st.builds(Cadence, st.integers(1, 40), st.sampled_from(CadenceUnit))
INSTANTS = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - Hypothesis adds the zone
MONTH = Cadence.parse("P1M")


def at(text: str) -> datetime:
    return parse_rfc3339(text if "T" in text else f"{text}T00:00:00Z")


def period(start: str, end: str) -> Period:
    return Period(at(start), at(end))


@pytest.mark.parametrize(
    ("text", "cadence"),
    [
        ("P1D", Cadence(1, CadenceUnit.DAY)),
        ("P2W", Cadence(2, CadenceUnit.WEEK)),
        ("P1M", Cadence(1, CadenceUnit.MONTH)),
        ("P12M", Cadence(12, CadenceUnit.MONTH)),
        ("P1Y", Cadence(1, CadenceUnit.YEAR)),
        ("PT8H", Cadence(8, CadenceUnit.HOUR)),
        ("P365D", Cadence(365, CadenceUnit.DAY)),
    ],
)
def test_the_contracts_durations_are_read_and_written(text: str, cadence: Cadence) -> None:
    assert Cadence.parse(text) == cadence
    assert cadence.iso() == text


@pytest.mark.parametrize(
    "text",
    ["", "P", "P1", "1M", "PT0S", "P0D", "PT1M", "P1H", "PT1D", "P1M2D", "P1.5D", "P-1D", "p1m", "P1M\n", "P99999999Y"],
)
def test_anything_but_whole_units_of_one_kind_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        Cadence.parse(text)


def test_a_cadence_counts_at_least_one_unit() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Cadence(0, CadenceUnit.DAY)


def test_the_31st_becomes_the_last_day_of_a_shorter_month_and_comes_back() -> None:
    dates = [occurrence(at("2013-01-31"), MONTH, n).strftime("%m-%d") for n in range(-2, 6)]
    assert dates == ["11-30", "12-31", "01-31", "02-28", "03-31", "04-30", "05-31", "06-30"]


def test_the_29th_of_february_comes_back_in_leap_years() -> None:
    dates = [occurrence(at("2012-02-29"), Cadence.parse("P1Y"), n) for n in (-4, 0, 1, 3, 4, 88)]
    assert [str(date.date()) for date in dates] == [
        "2008-02-29",
        "2012-02-29",
        "2013-02-28",
        "2015-02-28",
        "2016-02-29",
        "2100-02-28",
    ]


def test_a_duration_is_added_from_where_it_starts() -> None:
    assert add(at("2013-01-31"), MONTH) == at("2013-02-28")
    assert add(at("2013-01-31"), MONTH, 2) == at("2013-03-31")
    assert add(at("2013-01-31"), Cadence.parse("PT8H")) == at("2013-01-31T08:00:00Z")


@pytest.mark.parametrize(
    ("anchor", "cadence", "instant", "expected"),
    [
        (  # RC-01
            "2025-01-31T15:00:00Z",
            "P1M",
            "2025-08-13",
            period("2025-07-31T15:00:00Z", "2025-08-31T15:00:00Z"),
        ),
        ("2025-01-30", "P1M", "2025-02-13", period("2025-01-30", "2025-02-28")),  # RC-03
        ("2025-01-31", "P1M", "2025-02-28", period("2025-02-28", "2025-03-31")),
        ("2025-01-31", "P1M", "2025-02-27T23:59:59Z", period("2025-01-31", "2025-02-28")),
        ("2025-01-31", "P1M", "2024-02-01", period("2024-01-31", "2024-02-29")),
        ("2025-01-01", "P1W", "2024-12-31T23:59:59.999999Z", period("2024-12-25", "2025-01-01")),
        ("2025-01-01", "P2W", "2025-01-15", period("2025-01-15", "2025-01-29")),
    ],
)
def test_an_instant_lies_in_one_cadence_period(anchor: str, cadence: str, instant: str, expected: Period) -> None:
    assert period_at(at(anchor), Cadence.parse(cadence), at(instant)) == expected


def test_periods_between_are_whole_and_leave_out_those_that_only_touch() -> None:
    found = list(periods_between(at("2013-01-31"), MONTH, at("2013-02-28"), at("2013-04-30")))
    assert found == [period("2013-02-28", "2013-03-31"), period("2013-03-31", "2013-04-30")]
    inside = list(periods_between(at("2013-01-01"), MONTH, at("2013-02-10"), at("2013-02-11")))
    assert inside == [period("2013-02-01", "2013-03-01")]
    assert not list(periods_between(at("2013-01-01"), MONTH, at("2013-02-01"), at("2013-02-01")))


@pytest.mark.parametrize(
    ("cadence", "exceeds"),
    [("P100Y", False), ("P1200M", False), ("P36525D", False), ("PT876600H", False)]
    + [(long, True) for long in ("P101Y", "P1201M", "P36526D", "P5219W", "PT876601H", "P9999999Y", "P9999999W")],
)
def test_nobody_plans_beyond_a_century(cadence: str, exceeds: bool) -> None:
    assert exceeds_a_century(Cadence.parse(cadence)) is exceeds


def test_a_date_outside_the_calendar_is_invalid_input() -> None:
    for cadence, n in (("P1M", 12 * 9000), ("P9999999Y", 1), ("P9999999W", -1), ("PT1H", 10**12)):
        with pytest.raises(InvalidInput):
            occurrence(at("2013-01-01"), Cadence.parse(cadence), n)
    with pytest.raises(InvalidInput):
        period_at(at("2013-01-01"), MONTH, at("9999-12-31"))


def test_the_last_whole_period_of_the_calendar_is_reached_without_stepping_past_it() -> None:
    assert list(periods_between(at("2013-01-01"), MONTH, at("9999-11-15"), at("9999-12-01"))) == [
        period("9999-11-01", "9999-12-01")
    ]


@pytest.mark.parametrize(
    ("larger", "smaller", "divisible"),
    [
        ("P1Y", "P1M", True),  # DV-01
        ("P1Y", "P1D", True),  # DV-03
        ("P1Y", "PT8H", False),  # DV-05
        ("P1M", "P1W", False),  # DV-07
        ("P4W", "P1W", True),  # DV-09
        ("P30D", "P7D", False),  # DV-11
        ("PT25H", "PT24H", False),  # DV-13
        ("P1Y", "P365D", False),
        ("P1Y", "P5M", False),
        ("P1Y", "P3M", True),
        ("P12M", "P1Y", True),
        ("P1M", "P1Y", False),
        ("P1M", "P2D", False),
        ("P1W", "P7D", True),
        ("P7D", "P1W", True),
        ("P1W", "P1M", False),
        ("P1D", "PT24H", False),
        ("PT24H", "P1D", False),
        ("P1M", "PT1H", True),
        ("PT24H", "PT8H", True),
    ],
)
def test_a_cadence_divides_another_when_it_fits_wherever_in_the_calendar(
    larger: str, smaller: str, divisible: bool
) -> None:
    assert divides(Cadence.parse(larger), Cadence.parse(smaller)) is divisible


@given(CADENCES)
def test_a_cadence_reads_back_as_written(cadence: Cadence) -> None:
    assert Cadence.parse(cadence.iso()) == cadence


@given(INSTANTS, CADENCES, st.integers(-40, 40))
def test_occurrences_strictly_increase(anchor: datetime, cadence: Cadence, n: int) -> None:
    assert occurrence(anchor, cadence, n) < occurrence(anchor, cadence, n + 1)


@given(INSTANTS, CADENCES, INSTANTS)
def test_the_period_at_an_instant_contains_it_and_is_the_one_of_its_index(
    anchor: datetime, cadence: Cadence, instant: datetime
) -> None:
    found = period_at(anchor, cadence, instant)
    assert found.contains(instant)
    assert found.start == occurrence(anchor, cadence, index_at(anchor, cadence, instant))
    assert period_at(anchor, cadence, found.start) == found
    assert period_at(anchor, cadence, found.end).start == found.end


@given(INSTANTS, CADENCES, st.integers(-40, 40))
def test_an_occurrence_starts_the_period_of_its_own_index(anchor: datetime, cadence: Cadence, n: int) -> None:
    assert index_at(anchor, cadence, occurrence(anchor, cadence, n)) == n


@given(INSTANTS, CADENCES, INSTANTS, st.integers(1, 400))
def test_periods_between_tile_the_calendar(anchor: datetime, cadence: Cadence, start: datetime, length: int) -> None:
    end = start + timedelta(hours=length)
    found = list(periods_between(anchor, cadence, start, end))
    assert Period(found[0].start, found[-1].end).tiles(found)
    assert all(each.overlaps(Period(start, end)) for each in found)
    assert found[0].start <= start
    assert end <= found[-1].end


@given(CADENCES, CADENCES, INSTANTS)
def test_a_dividing_cadence_meets_the_ends_of_the_larger_one(
    larger: Cadence, smaller: Cadence, anchor: datetime
) -> None:
    if divides(larger, smaller):
        for boundary in (occurrence(anchor, larger, n) for n in range(-2, 3)):
            assert period_at(anchor, smaller, boundary).start == boundary
