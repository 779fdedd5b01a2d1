"""P7: a meter's SUM through our usage query, against extracting the JSON value at query time: same engine, same data.

The bound is for the values, event by event: a query with a cutoff (`stored_before`) reads them and no rollup. What the
same question costs with the rollup is told beside it, for hours not yet rolled up and for hours that are.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial

from localstack.fixtures import running_clickhouse
from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.clickhouse import ClickHouseUsage
from meterhouse.metering.clickhouse_rollup import ClickHouseRollups
from meterhouse.metering.model import MeterSpec, new_meter
from meterhouse.metering.roll_up import RollUpUsage
from meterhouse.metering.usage import UsageQuery
from meterhouse.platform.clickhouse import ClickHouse, ClickHouseSettings
from meterhouse.platform.migrated_clickhouse import MigratedClickHouse
from meterhouse.platform.migrations import migrate, migrations
from meterhouse.platform.sql import queries
from tests.bench.measurement import Effort, Figure, Kind, Track, take_turns

_SQL = queries("tests.bench", "typed_column.sql")
_EVENTS = {Effort.FULL: 1_000_000, Effort.SMALL: 10_000}
_ROUNDS = {Effort.FULL: 15, Effort.SMALL: 2}
_BOUND = 7.0
_NAMESPACE = "bench"
_JANUARY, _FEBRUARY, _LATER = (datetime(2013, month, 1, tzinfo=UTC) for month in (1, 2, 3))
_GROUP_BY = {"origin": "$.origin", "dest": "$.dest"}
_SPEC = MeterSpec("miles", Aggregation.SUM, "flight.departed", "Miles", "$.distance", _GROUP_BY)
_METER = new_meter("METER", _SPEC, _JANUARY)
_SUM = UsageQuery(_METER, _JANUARY, _FEBRUARY)
_SUM_OF_VALUES = UsageQuery(_METER, _JANUARY, _FEBRUARY, stored_before=_LATER)
_AS_OURS = {"do_not_merge_across_partitions_select_final": 1}


def measure(effort: Effort, track: Track) -> list[Figure]:
    with _filled(_EVENTS[effort]) as store:
        floor, values, dirty = _best(store, effort, track, "values", _SUM_OF_VALUES, _SUM)
        RollUpUsage(ClickHouseRollups(store))()
        later_floor, clean = _best(store, effort, track, "rollup", _SUM)
    return [
        _figure(f"SUM over the values of {_EVENTS[effort]:,} events", values, floor, _BOUND),
        _figure("the same, every hour yet to be rolled up", dirty, floor),
        _figure("the same, every hour rolled up", clean, later_floor),
    ]


def _figure(work: str, seconds: float, floor: float, bound: float | None = None) -> Figure:
    return Figure("P7", work, Kind.FASTER, seconds, "JSON extracted", floor, bound)


def _best(store: ClickHouse, effort: Effort, track: Track, state: str, *asked: UsageQuery) -> list[float]:
    """Seconds of the floor, then of each query; all must give one answer."""
    works = [partial(_extract, store), *(partial(_ask, store, query) for query in asked)]
    if len({work() for work in works}) != 1:
        raise AssertionError("the queries differ in their answers")
    rounds = track(range(_ROUNDS[effort]), f"P7 SUM, {state}")
    return [min(seconds) for seconds in take_turns(*works, rounds=rounds)]


def _ask(store: ClickHouse, query: UsageQuery) -> Decimal:
    [row] = ClickHouseUsage(store).query(_NAMESPACE, query)
    return row.value


def _extract(store: ClickHouse) -> Decimal:
    [(total,)] = store.query(_SQL["extracting"], settings=_AS_OURS)
    return Decimal(total)


@contextmanager
def _filled(count: int) -> Iterator[ClickHouse]:
    """A migrated store with `count` events, what the sink makes of them, and nothing left to merge."""
    with running_clickhouse() as server:
        settings = ClickHouseSettings(server.url, "meterhouse", server.username, server.password)
        migrate(MigratedClickHouse(settings), migrations("clickhouse"))
        store = ClickHouse(lambda: settings)
        for name in ("events", "values", "marks"):
            store.command(_SQL[name].format(count=count, meter_id=_METER.id))
        for table in ("events", "meter_values"):
            store.command(f"OPTIMIZE TABLE {table} FINAL")
        yield store
