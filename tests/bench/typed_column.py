"""P7: a meter's SUM through our usage query, against extracting the JSON value at query time: same engine, same data.

The bound is for the values, event by event: a query with a cutoff (`accepted_before`) reads them and no rollup. What
the same question costs with the rollup is told beside it, for hours not yet rolled up and for hours that are.
"""

from datetime import UTC, datetime
from decimal import Decimal
from functools import partial

from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.clickhouse import ClickHouseUsage
from meterhouse.metering.clickhouse_rollup import ClickHouseRollups
from meterhouse.metering.model import MeterSpec, new_meter
from meterhouse.metering.roll_up import RollUpUsage
from meterhouse.metering.usage import UsageQuery
from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.sql import queries
from tests.bench.measurement import Effort, Figure, Kind, Run, best

_SQL = queries("tests.bench", "typed_column.sql")
_EVENTS = {Effort.FULL: 1_000_000, Effort.SMALL: 10_000}
_SPAN_MS = {Effort.FULL: 31 * 86_400_000, Effort.SMALL: 86_400_000}
_ROUNDS = {Effort.FULL: 15, Effort.SMALL: 2}
_BOUND = 7.0
_NAMESPACE = "bench"
_JANUARY, _FEBRUARY, _LATER = (datetime(2013, month, 1, tzinfo=UTC) for month in (1, 2, 3))
_GROUP_BY = {"origin": "$.origin", "dest": "$.dest"}
_SPEC = MeterSpec("miles", Aggregation.SUM, "flight.departed", "Miles", "$.distance", _GROUP_BY)
_METER = new_meter("METER", _SPEC, _JANUARY)
_SUM = UsageQuery(_METER, _JANUARY, _FEBRUARY)
_SUM_OF_VALUES = UsageQuery(_METER, _JANUARY, _FEBRUARY, accepted_before=_LATER)
_AS_OURS = {"do_not_merge_across_partitions_select_final": 1}


def measure(run: Run) -> list[Figure]:
    count = _EVENTS[run.effort]
    with run.engines.usage_store("p7") as settings:
        store = ClickHouse(lambda: settings)
        _fill(store, count, _SPAN_MS[run.effort])
        floor, values, dirty = _best(run, store, "values", _SUM_OF_VALUES, _SUM)
        RollUpUsage(ClickHouseRollups(store))()
        later_floor, clean = _best(run, store, "rollup", _SUM)
    return [
        _figure(f"SUM over the values of {count:,} events", values, floor, _BOUND),
        _figure("the same, every hour yet to be rolled up", dirty, floor),
        _figure("the same, every hour rolled up", clean, later_floor),
    ]


def _figure(work: str, seconds: float, floor: float, bound: float | None = None) -> Figure:
    return Figure("P7", work, Kind.FASTER, seconds, "JSON extracted", floor, bound)


def _best(run: Run, store: ClickHouse, state: str, *asked: UsageQuery) -> list[float]:
    """Seconds of the floor, then of each query; all must give one answer."""
    works = [partial(_extract, store), *(partial(_ask, store, query) for query in asked)]
    if len({work() for work in works}) != 1:
        raise AssertionError("the queries differ in their answers")
    return best(*works, rounds=run.track(range(_ROUNDS[run.effort]), f"P7 SUM, {state}"))


def _ask(store: ClickHouse, query: UsageQuery) -> Decimal:
    [row] = ClickHouseUsage(store).query(_NAMESPACE, query)
    return row.value


def _extract(store: ClickHouse) -> Decimal:
    [(total,)] = store.query(_SQL["extracting"], settings=_AS_OURS)
    return Decimal(total)


def _fill(store: ClickHouse, count: int, span: int) -> None:
    """`count` events, what the sink makes of them, and nothing left to merge."""
    for name in ("events", "values", "marks"):
        store.command(_SQL[name].format(count=count, span=span, meter_id=_METER.id))
    for table in ("events", "meter_values"):
        store.command(f"OPTIMIZE TABLE {table} FINAL")
