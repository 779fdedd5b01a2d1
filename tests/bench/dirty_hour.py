"""P8: recomputing one dirty hour and its day, in a table ten times as large as another.

Both hold the same events an hour; the larger has ten times the days.
"""

from contextlib import ExitStack
from decimal import Decimal

from meterhouse.metering.clickhouse_rollup import ClickHouseRollups
from meterhouse.metering.roll_up import DirtyHour
from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.sql import queries
from tests.bench.measurement import Effort, Figure, Kind, Run, best
from tests.bench.usage_month import BEGIN, METER, NAMESPACE, Month, check_equal, fill, roll_up

_SQL = queries("tests.bench", "dirty_hour.sql")
_DAYS = {Effort.FULL: (3, 30), Effort.SMALL: (1, 2)}
_SHAPES = {Effort.FULL: (1000, 14), Effort.SMALL: (10, 2)}
_ROUNDS = {Effort.FULL: 30, Effort.SMALL: 2}
_BOUND = 1.3
_DIRTY = [DirtyHour(NAMESPACE, METER.id, BEGIN, ("late",))]


def measure(run: Run) -> list[Figure]:
    small, large = (Month(*_SHAPES[run.effort], days) for days in _DAYS[run.effort])
    with ExitStack() as stack:
        stores = [_filled(run, stack, month) for month in (small, large)]
        [(before,)] = stores[0].query(_SQL["now"])
        rounds = run.track(range(_ROUNDS[run.effort]), "P8 recompute an hour")
        floor, taken = best(*(lambda store=store: _recompute(store) for store in stores), rounds=rounds)
        for store, month in zip(stores, (small, large), strict=True):
            _check(store, month, before)
    work = f"an hour and its day, of {large.events:,} events"
    return [Figure("P8", work, Kind.RATIO, taken, f"of {small.events:,} events", floor, _BOUND)]


def _recompute(store: ClickHouse) -> None:
    ClickHouseRollups(store).recompute(_DIRTY)


def _check(store: ClickHouse, month: Month, before: int) -> None:
    """What was written since holds every subject's hour and day."""
    found = store.query(_SQL["recomputed"], {"start": BEGIN, "before": before})
    usage = [month.usage(subject) for subject in range(month.subjects)]
    check_equal(
        [Decimal(total) for (total,) in found], [day[0] for day in usage] + [sum(day, Decimal(0)) for day in usage]
    )


def _filled(run: Run, stack: ExitStack, month: Month) -> ClickHouse:
    settings = stack.enter_context(run.engines.usage_store(f"p8_{month.days}"))
    store = ClickHouse(lambda: settings)
    fill(store, month, run.track, f"P8 {month.events:,} events")
    roll_up(store, run.track, "P8 roll up")
    return store
