"""What a backfill reads next: every day once, whatever its size."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.backfill_meter.handler import run_of
from meterhouse.kernel.errors import InvalidInput
from meterhouse.metering.backfill import Backfill, BackfillStatus, Cursor, StoredPlace, next_span
from meterhouse.metering.backfill_meter import BackfillRun

DAY = timedelta(days=1)
FIRST = date(2026, 1, 1)
AT = datetime(2026, 5, 1, tzinfo=UTC)
DAYS = [(FIRST, 5), (FIRST + DAY, 5), (FIRST + 4 * DAY, 90), (FIRST + 5 * DAY, 1)]
NEW = Backfill("01A", 0, BackfillStatus.PENDING, 0, 0, None, 0, AT, None, AT, None, None)


def test_days_with_few_events_are_read_together() -> None:
    assert next_span(DAYS, None, 10) == Cursor(FIRST, FIRST + 2 * DAY)


def test_a_day_with_many_events_is_read_alone() -> None:
    done = Cursor(FIRST, FIRST + 2 * DAY)
    assert next_span(DAYS, done, 10) == Cursor(FIRST + 4 * DAY, FIRST + 5 * DAY)


def test_days_that_are_read_in_part_are_read_on() -> None:
    part = Cursor(FIRST, FIRST + 2 * DAY, StoredPlace("alice", 0, "test", "1"))
    assert next_span(DAYS, part, 10) == part


@given(
    st.lists(st.tuples(st.integers(0, 400), st.integers(1, 50)), unique_by=lambda day: day[0]),
    st.integers(1, 60),
)
def test_every_day_is_read_once_and_no_span_but_that_of_one_day_holds_more_than_asked(
    counts: list[tuple[int, int]], most: int
) -> None:
    days = sorted((FIRST + number * DAY, count) for number, count in counts)
    read: list[tuple[date, int]] = []
    cursor = None
    while (span := next_span(days, cursor, most)) is not None:
        inside = [(day, count) for day, count in days if span.from_ <= day < span.to]
        assert len(inside) == 1 or sum(count for _, count in inside) <= most
        read += inside
        cursor = span
    assert read == days


def test_progress_never_tells_of_more_than_there_is() -> None:
    begun = NEW.advanced(Cursor(FIRST, FIRST + DAY), 5, 8, AT)
    later = begun.advanced(Cursor(FIRST + DAY, FIRST + 2 * DAY), 6, 8, AT + DAY)
    assert [(step.read_events, step.total_events) for step in (begun, later)] == [(5, 8), (11, 11)]
    assert later.started_at == AT


def test_at_its_end_all_there_was_is_read() -> None:
    done = NEW.advanced(Cursor(FIRST, FIRST + DAY), 5, 8, AT).completed(AT + DAY)
    assert (done.is_complete, done.read_events, done.total_events, done.finished_at) == (True, 5, 5, AT + DAY)


def test_a_run_that_goes_on_is_failed_no_more() -> None:
    failed = NEW.failed("Unavailable", AT)
    assert (failed.status, failed.problem) == (BackfillStatus.FAILED, "Unavailable")
    on = failed.advanced(Cursor(FIRST, FIRST + DAY), 1, 1, AT)
    assert (on.status, on.problem, on.finished_at) == (BackfillStatus.RUNNING, None, None)


def test_a_run_is_named_by_ids() -> None:
    event = {"namespace": "default", "meterId": "01A", "revision": 0}
    assert run_of(event) == BackfillRun("default", "01A", 0)


@pytest.mark.parametrize("fault", [{"namespace": ""}, {"meterId": None}, {"revision": "0"}, {"revision": True}])
def test_an_input_that_names_no_run_is_refused(fault: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        run_of({"namespace": "default", "meterId": "01A", "revision": 0} | fault)
