"""P5: one customer's month by hour, one event in 50 written twice and not merged: exact, beside a plain key query.

The bound is for the values, event by event: a query with a cutoff (`accepted_before`) reads them and no rollup. What
the same question costs with the rollups is told beside it.
"""

from dataclasses import replace
from datetime import timedelta
from functools import partial

from meterhouse.metering.clickhouse import ClickHouseUsage
from meterhouse.metering.usage import CUSTOMER, UsageQuery, WindowSize
from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.sql import queries
from tests.bench.measurement import Effort, Figure, Kind, Run, best
from tests.bench.usage_month import (
    BEGIN,
    METER,
    NAMESPACE,
    Month,
    check_equal,
    fill,
    mark_last_hour,
    roll_up,
    subject_name,
    write_again,
)

_SQL = queries("tests.bench", "floors.sql")
_MONTHS = {Effort.FULL: Month(subjects=1000, hourly=14), Effort.SMALL: Month(subjects=10, hourly=2, days=1)}
_ROUNDS = {Effort.FULL: 40, Effort.SMALL: 1}
_BOUND = 2.0


def measure(run: Run) -> list[Figure]:
    month = _MONTHS[run.effort]
    with run.engines.usage_store("p5") as settings:
        store = ClickHouse(lambda: settings)
        fill(store, month, run.track, f"P5 {month.events:,} events")
        write_again(store, month)
        values = _figure(run, store, month, "one customer's month by hour, values, 2 % unmerged", stored=True)
        roll_up(store, run.track, "P5 roll up")
        rolled = _figure(run, store, month, "the same, every hour rolled up")
        mark_last_hour(store, month)
        open_hour = _figure(run, store, month, "the same, all but the last hour rolled up")
    return [values, rolled, open_hour]


def _figure(run: Run, store: ClickHouse, month: Month, work: str, *, stored: bool = False) -> Figure:
    subject = month.subjects // 2
    hours = UsageQuery(METER, BEGIN, month.end, WindowSize.HOUR, group_by=(CUSTOMER,))
    query = replace(hours, customers={subject_name(subject): "CUSTOMER"})
    if stored:
        query = replace(query, accepted_before=month.end + timedelta(days=1))
    exact = partial(ClickHouseUsage(store).query, NAMESPACE, query)
    check_equal([row.value for row in exact()], month.usage(subject) * month.days)
    known = {"meter_id": METER.id, "subject": subject_name(subject), "from": BEGIN, "to": month.end}
    plain = partial(store.query, _SQL["one_subject"], known)
    floor, taken = best(plain, exact, rounds=run.track(range(_ROUNDS[run.effort]), f"P5 {work}"))
    return Figure("P5", work, Kind.RATIO, taken, "by key, not deduplicated", floor, _BOUND if stored else None)
