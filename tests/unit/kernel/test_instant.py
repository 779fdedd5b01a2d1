from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.kernel.instant import format_rfc3339, parse_rfc3339, utc

INSTANTS = st.datetimes(timezones=st.just(UTC))
OFFSETS = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        utc(datetime(2013, 1, 1))  # noqa: DTZ001 - the fault under test


def test_an_offset_is_turned_into_utc() -> None:
    assert parse_rfc3339("2013-01-01T05:15:00-05:00") == datetime(2013, 1, 1, 10, 15, tzinfo=UTC)
    assert parse_rfc3339("2013-01-01T05:15:00-05:00").tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "microsecond"),
    [
        ("2013-01-01T00:00:00Z", 0),
        ("2013-01-01t00:00:00z", 0),
        ("2013-01-01T00:00:00.5Z", 500_000),
        ("2013-01-01T00:00:00.123456Z", 123_456),
        ("2013-01-01T00:00:00.123456999999Z", 123_456),
        ("2013-01-01T00:00:00.000000999Z", 0),
    ],
)
def test_a_fraction_keeps_microseconds_and_cuts_finer_digits(text: str, microsecond: int) -> None:
    assert parse_rfc3339(text) == datetime(2013, 1, 1, microsecond=microsecond, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2013-01-01",
        "2013-01-01T00:00:00",
        "2013-01-01 00:00:00Z",
        "2013-01-01T00:00Z",
        "2013-01-01T00:00:00.Z",
        "2013-01-01T00:00:00,5Z",
        "2013-01-01T00:00:00+0100",
        "2013-01-01T00:00:00+24:00",
        "2013-01-01T24:00:00Z",
        "2013-01-01T23:59:60Z",
        "2013-02-29T00:00:00Z",
        "2013-13-01T00:00:00Z",
        "2013-01-01T00:00:00Z\n",
        "٢٠١٣-01-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "10000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "1356998400",
    ],
)
def test_anything_but_an_rfc_3339_date_time_of_the_calendar_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_rfc3339(text)


def test_a_written_instant_has_a_fraction_only_when_there_is_one() -> None:
    assert format_rfc3339(datetime(2013, 1, 1, tzinfo=UTC)) == "2013-01-01T00:00:00Z"
    assert format_rfc3339(datetime(2013, 1, 1, 0, 0, 10, tzinfo=UTC)) == "2013-01-01T00:00:10Z"
    assert format_rfc3339(datetime(2013, 1, 1, microsecond=500_000, tzinfo=UTC)) == "2013-01-01T00:00:00.5Z"


@given(INSTANTS)
def test_a_written_instant_reads_back_the_same(at: datetime) -> None:
    assert parse_rfc3339(format_rfc3339(at)) == at


@given(
    st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=OFFSETS)  # noqa: DTZ001 - Hypothesis adds the zone
)
def test_the_offset_it_was_written_with_does_not_change_the_instant(at: datetime) -> None:
    assert parse_rfc3339(at.isoformat()) == at
    assert format_rfc3339(parse_rfc3339(at.isoformat())) == format_rfc3339(at)
