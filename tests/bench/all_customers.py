"""P6: all customers: by hour and subject, and each subject's total of the month; exact, beside the bare group-by.

The engine's work alone: results are thrown away there, for their way through a client would hide it.
"""

from dataclasses import replace
from datetime import timedelta
from functools import partial

from meterhouse.metering.clickhouse import _SETTINGS, ClickHouseUsage
from meterhouse.metering.usage import SUBJECT, UsageQuery, WindowSize
from meterhouse.metering.usage_sql import usage_sql
from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.sql import queries
from tests.bench.measurement import Effort, Figure, Kind, Run, best
from tests.bench.usage_month import BEGIN, METER, NAMESPACE, Month, check_equal, fill, roll_up, write_again

_SQL = queries("tests.bench", "floors.sql")
_MONTHS = {Effort.FULL: Month(subjects=1000, hourly=14), Effort.SMALL: Month(subjects=10, hourly=2, days=1)}
_LARGE = {Effort.FULL: Month(subjects=2000, hourly=35), Effort.SMALL: Month(subjects=20, hourly=4, days=1)}
_ROUNDS = {Effort.FULL: 8, Effort.SMALL: 1}
_LARGE_ROUNDS = {Effort.FULL: 3, Effort.SMALL: 1}
_BOUND, _FASTER = 1.25, 10
_NOWHERE = " SETTINGS " + ", ".join(f"{name} = {value}" for name, value in _SETTINGS.items()) + " FORMAT Null"
_MOST_ROWS = 1 << 40
_ASKED = {
    "totals": ("totals of the month by subject", None),
    "hours": ("by hour and subject", WindowSize.HOUR),
}


def measure(run: Run) -> list[Figure]:
    month, large = _MONTHS[run.effort], _LARGE[run.effort]
    with run.engines.usage_store("p6") as settings:
        store = ClickHouse(lambda: settings)
        fill(store, month, run.track, f"P6 {month.events:,} events")
        merged = [_beside_group_by(run, store, month, name, "merged", _BOUND) for name in _ASKED]
        write_again(store, month)
        unmerged = [_beside_group_by(run, store, month, name, "2 % unmerged") for name in _ASKED]
    with run.engines.usage_store("p6_large") as settings:
        store = ClickHouse(lambda: settings)
        fill(store, large, run.track, f"P6 {large.events:,} events")
        roll_up(store, run.track, "P6 roll up")
        return [*merged, *unmerged, *(_beside_rows(run, store, large, name) for name in _ASKED)]


def _beside_group_by(
    run: Run, store: ClickHouse, month: Month, name: str, state: str, bound: float | None = None
) -> Figure:
    text, window = _ASKED[name]
    query = _rows(month, window)
    _check(store, month, query)
    known = {"meter_id": METER.id, "from": BEGIN, "to": month.end}
    bare = partial(store.command, _SQL[name] + _NOWHERE, known)
    rounds = run.track(range(_ROUNDS[run.effort]), f"P6 {text}, {state}")
    floor, taken = best(bare, partial(_discard, store, query), rounds=rounds)
    work = f"{text}, {month.events:,} values, {state}"
    return Figure("P6", work, Kind.RATIO, taken, "bare group-by", floor, bound)


def _beside_rows(run: Run, store: ClickHouse, month: Month, name: str) -> Figure:
    text, window = _ASKED[name]
    rows, rollups = _rows(month, window), replace(_rows(month, window), accepted_before=None)
    _check(store, month, rollups)
    rounds = run.track(range(_LARGE_ROUNDS[run.effort]), f"P6 {text}, rollups")
    floor, taken = best(partial(_discard, store, rows), partial(_discard, store, rollups), rounds=rounds)
    work = f"{text}, {month.events:,} events of {month.subjects:,} subjects rolled up"
    return Figure("P6", work, Kind.FASTER, taken, "our query of the values", floor, _FASTER)


def _rows(month: Month, window: WindowSize | None) -> UsageQuery:
    cutoff = month.end + timedelta(days=1)
    return UsageQuery(METER, BEGIN, month.end, window, group_by=(SUBJECT,), accepted_before=cutoff)


def _discard(store: ClickHouse, query: UsageQuery) -> None:
    dirty = ClickHouseUsage(store)._dirty(NAMESPACE, query)
    text, parameters = usage_sql(NAMESPACE, query, dirty, _MOST_ROWS)
    store.command(text + _NOWHERE, parameters)


def _check(store: ClickHouse, month: Month, query: UsageQuery) -> None:
    """The totals, whatever the window: an hour counted twice shows in them."""
    rows = ClickHouseUsage(store).query(NAMESPACE, replace(query, window=None))
    check_equal([row.value for row in rows], [month.total(subject) for subject in range(month.subjects)])
