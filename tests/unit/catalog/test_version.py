from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.catalog.version import Status, Version
from tests.unit.catalog.samples import AIRLINE, START

DAY = timedelta(days=1)
LIFE = [Status.SCHEDULED, Status.ACTIVE, Status.ARCHIVED]
days = st.integers(0, 9).map(lambda number: START + number * DAY)


def version(sold_from: datetime | None, until: datetime | None = None) -> Version[object]:
    return Version("01HZ0000000000000000000001", "airline", 1, AIRLINE, START, START, sold_from, until)


@pytest.mark.parametrize(
    ("one", "status"),
    [
        (version(None), Status.DRAFT),
        (version(START + DAY), Status.SCHEDULED),
        (version(START), Status.ACTIVE),
        (version(START - DAY, START + DAY), Status.ACTIVE),
        (version(START - DAY, START), Status.ARCHIVED),
        (version(START, START), Status.ARCHIVED),
    ],
)
def test_a_status_is_what_the_instants_say_even_if_no_job_ran(one: Version[object], status: Status) -> None:
    assert one.status(START) is status


@given(days, st.none() | days, days, days)
def test_what_was_published_only_ever_gets_older(
    sold_from: datetime, until: datetime | None, at: datetime, later: datetime
) -> None:
    one = version(sold_from, until and max(sold_from, until))
    at, later = min(at, later), max(at, later)

    assert LIFE.index(one.status(at)) <= LIFE.index(one.status(later))


@given(st.lists(days, min_size=1, max_size=5, unique=True).map(sorted), days)
def test_of_versions_that_follow_one_another_one_is_on_sale_at_a_time(starts: list[datetime], at: datetime) -> None:
    ends = [*starts[1:], None]
    followed = [version(start, end) for start, end in zip(starts, ends, strict=True)]

    on_sale = [one for one in followed if one.status(at) is Status.ACTIVE]

    assert len(on_sale) == (at >= starts[0])
    assert [one for one in followed if one.is_sold(at)] == [one for one in on_sale if one is followed[-1]]


def test_what_has_an_end_is_no_longer_sold() -> None:
    assert version(START).is_sold(START)
    assert not version(None).is_sold(START)
    assert not version(START, START + DAY).is_sold(START)
    assert not replace(version(START), deleted_at=START + DAY).is_sold(START + DAY)
