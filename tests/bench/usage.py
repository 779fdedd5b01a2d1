"""P7: a meter's SUM against extracting the JSON value at query time, same engine, same data."""

from datetime import UTC, datetime

from localstack.fixtures import running_clickhouse
from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.clickhouse import ClickHouseUsage
from meterhouse.metering.clickhouse_rollup import ClickHouseRollups
from meterhouse.metering.model import MeterSpec, new_meter
from meterhouse.metering.roll_up import RollUpUsage
from meterhouse.metering.usage import UsageQuery
from meterhouse.metering.usage_sql import usage_sql
from meterhouse.platform.clickhouse import ClickHouse, ClickHouseSettings
from meterhouse.platform.migrated_clickhouse import MigratedClickHouse
from meterhouse.platform.migrations import migrate, migrations
from tests.bench.measure import Figure, best_times

_METER = new_meter("M", MeterSpec("m", Aggregation.SUM, "call", "m", "$.value"), datetime(2026, 1, 1, tzinfo=UTC))
_EVENTS = """
INSERT INTO events (namespace, type, subject, hour, source, id, time, time_given, data, ingested_at, stored_at)
SELECT 'bench', 'call', concat('s', toString(number % 100)) AS subject, toStartOfHour(time), 'bench', toString(number),
       toDateTime64('2026-01-01 00:00:00', 6, 'UTC') + toIntervalSecond(number * 2592000 / {count}) AS time, true,
       concat('{{"value": ', toString(number % 1000), '.25, "region": "eu", "path": "/a/b/c", "agent": "curl/8.1"}}'),
       time, time
FROM numbers({count})
"""
_VALUES = """
INSERT INTO meter_values (namespace, meter_id, subject, hour, source, id, time, value, counts, stored_at)
SELECT namespace, 'M', subject, hour, source, id, time, toDecimal128(JSON_VALUE(data, '$.value'), 18), true, stored_at
FROM events
"""
_MARKS = (
    "INSERT INTO dirty_hours (namespace, meter_id, hour, mark) SELECT DISTINCT namespace, 'M', hour, 'm' FROM events"
)
_AT_QUERY_TIME = """
SELECT sum(toDecimal128OrNull(nullIf(JSON_VALUE(data, '$.value'), 'null'), 18)) FROM events{final}
WHERE namespace = 'bench' AND type = 'call'
"""


def sum_values(*, small: bool) -> list[Figure]:
    count = 200_000 if small else 2_000_000
    with running_clickhouse() as server:
        settings = ClickHouseSettings(server.url, "meterhouse", server.username, server.password)
        migrate(MigratedClickHouse(settings), migrations("clickhouse"))
        store = ClickHouse(lambda: settings)
        for statement in (_EVENTS.format(count=count), _VALUES, _MARKS):
            store.command(statement)
        RollUpUsage(ClickHouseRollups(store))()
        query = UsageQuery(_METER)
        rows, parameters = usage_sql("bench", query, None)
        [rolled] = ClickHouseUsage(store).query("bench", query)
        [(extracted,)] = store.query(_AT_QUERY_TIME.format(final=""))
        if rolled.value != extracted:
            raise RuntimeError(f"{rolled.value} is not {extracted}")
        ours, typed, at_query_time, exact = best_times(
            lambda: ClickHouseUsage(store).query("bench", query),
            lambda: store.query(rows, parameters, {"do_not_merge_across_partitions_select_final": 1}),
            lambda: store.query(_AT_QUERY_TIME.format(final="")),
            lambda: store.query(_AT_QUERY_TIME.format(final=" FINAL")),
            rounds=3 if small else 7,
        )
    detail = (
        f"{count} events of 100 subjects; JSON without de-duplication {at_query_time * 1e3:.0f} ms, "
        f"with it {exact / ours:.1f} x; typed values without the rollup {exact / typed:.1f} x faster than JSON with it"
    )
    return [Figure("P7 SUM over JSON at query time", at_query_time / ours, 7.0, detail, is_least=True)]
