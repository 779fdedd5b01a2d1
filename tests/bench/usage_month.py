"""A month of one meter's values, made inside ClickHouse; what they come to is known by arithmetic."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby

from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.clickhouse_rollup import ClickHouseRollups
from meterhouse.metering.model import MeterSpec, new_meter
from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.sql import queries
from tests.bench.measurement import Track

_SQL = queries("tests.bench", "usage_month.sql")
NAMESPACE = "bench"
BEGIN = datetime(2025, 6, 1, tzinfo=UTC)
_SPEC = MeterSpec("calls", Aggregation.SUM, "call", "Calls", "$.value", {"region": "$.region"})
METER = new_meter("METER", _SPEC, BEGIN)
REPEATED = 50
"""One event in so many was written twice."""
_ALL_HOURS = 10_000
_HOURS = 24


@dataclass(frozen=True, slots=True)
class Month:
    """How much there is: every subject has the same events an hour."""

    subjects: int
    hourly: int
    days: int = 30

    @property
    def daily(self) -> int:
        """Events of a subject."""
        return self.hourly * _HOURS

    @property
    def events(self) -> int:
        return self.subjects * self.daily * self.days

    @property
    def end(self) -> datetime:
        return BEGIN + timedelta(days=self.days)

    def usage(self, subject: int) -> list[Decimal]:
        """What the subject used in each hour of a day; every day is the same."""
        first = subject * self.daily
        return [
            Decimal(self.hourly) / 4 + sum((first + hour * self.hourly + index) % 5000 for index in range(self.hourly))
            for hour in range(_HOURS)
        ]

    def total(self, subject: int) -> Decimal:
        """What the subject used in all days."""
        return self.days * sum(self.usage(subject), Decimal(0))


def subject_name(subject: int) -> str:
    return f"customer-{subject:05}"


def fill(store: ClickHouse, month: Month, track: Track, text: str) -> None:
    """The first writing of every event: one part a day, nothing to merge."""
    for day in track(range(month.days), text):
        _write(store, month, day, every=1, later=0)


def write_again(store: ClickHouse, month: Month) -> None:
    """A second writing of one event in `REPEATED`, in parts of its own that nobody merges."""
    store.command("SYSTEM STOP MERGES meter_values")
    for day in range(month.days):
        _write(store, month, day, every=REPEATED, later=1)


def _write(store: ClickHouse, month: Month, day: int, *, every: int, later: int) -> None:
    parameters = {
        "meter_id": METER.id,
        "day": str((BEGIN + timedelta(days=day)).date()),
        "daily": month.daily,
        "events": month.daily * month.subjects,
        "every": every,
        "later": later,
    }
    store.command(_SQL["day"], parameters)


def roll_up(store: ClickHouse, track: Track, text: str) -> None:
    """All hours that hold values, day by day; then nothing is left to merge."""
    store.command(_SQL["marks"])
    rollups = ClickHouseRollups(store)
    days = [list(hours) for _, hours in groupby(rollups.dirty_hours(_ALL_HOURS), lambda dirty: dirty.hour.date())]
    for day in track(range(len(days)), text):
        rollups.recompute(days[day])
        rollups.cover(days[day])
    store.command("OPTIMIZE TABLE usage_rollups FINAL")


def mark_last_hour(store: ClickHouse, month: Month) -> None:
    """As it is every day: the hour that goes on is dirty."""
    store.command(_SQL["mark_hour"], {"meter_id": METER.id, "hour": month.end - timedelta(hours=1)})


def check_equal(found: Sequence[Decimal], expected: Sequence[Decimal]) -> None:
    if found != expected:
        raise AssertionError("the answer is not exact")
