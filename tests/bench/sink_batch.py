"""P3: a Kafka batch through the sink into its stores, an event, against `orjson.loads` of the same bytes.

Every record holds a request of 100 events of one hour; two meters read each: a SUM with two group-bys, a COUNT with
one. A round sinks events that no round before it had.
"""

import json
import time
from base64 import b64encode
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import orjson

from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.clickhouse import ClickHouseUsage
from meterhouse.metering.clickhouse_sink import ClickHouseSink
from meterhouse.metering.decode import check_events
from meterhouse.metering.faults import Shape
from meterhouse.metering.kafka import KafkaProducer
from meterhouse.metering.kafka_dead_letters import KafkaDeadLetters
from meterhouse.metering.kafka_event import batch_handler
from meterhouse.metering.model import Meter, MeterSpec
from meterhouse.metering.postgres import AllMeters, OutboxNotices, PostgresMeters
from meterhouse.metering.record import encode_record
from meterhouse.metering.service import MeterService
from meterhouse.metering.sink import SinkEvents
from meterhouse.metering.usage import UsageQuery
from meterhouse.platform import clock, ids
from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.namespaces import add_namespace
from meterhouse.platform.postgres import Database, begins
from tests.bench.departures import body_of, distinct_departures
from tests.bench.measurement import Effort, Figure, Kind, Run, Unit, take_turns
from tests.bench.usage_month import check_equal

_ROUNDS = {Effort.FULL: 20, Effort.SMALL: 1}
_RECORDS = {Effort.FULL: 100, Effort.SMALL: 5}
_EVENTS = 100
_BOUND = 6
_INVOCATION_BYTES = 6 * 1024 * 1024
_FEWEST = 80_000
_NAMESPACE = "bench"
_FLOOR = "orjson.loads"
_METERS = (
    MeterSpec("miles", Aggregation.SUM, "flight.departed", "Miles", "$.distance", {"from": "$.origin", "to": "$.dest"}),
    MeterSpec("departures", Aggregation.COUNT, "flight.departed", "Departures", None, {"from": "$.origin"}),
)
_FACTS = {
    "topic": "events",
    "partition": 0,
    "timestamp": 1_735_689_600_000,
    "timestampType": "CREATE_TIME",
    "headers": [],
    "key": b64encode(_NAMESPACE.encode()).decode(),
}

Batch = tuple[dict[str, Any], list[bytes]]


def measure(run: Run) -> list[Figure]:
    database = Database(lambda: run.engines.postgres)
    meters = add_meters(database, _NAMESPACE)
    with run.engines.usage_store("p3") as settings:
        store = ClickHouse(lambda: settings)
        handler = batch_handler(sink_of(database, store, run))
        rounds = _ROUNDS[run.effort]
        batches = [_batch(number, _RECORDS[run.effort]) for number in range(rounds + 1)]
        sent = [body for _, bodies in batches for body in bodies]
        handler(batches.pop()[0])
        figures = _figures(run, handler, batches)
        _check(store, meters, sent)
    database.close()
    return [*figures, _fitting(batches[0][0])]


def add_meters(database: Database, namespace: str) -> list[Meter]:
    add_namespace(database, namespace)
    service = MeterService(begins(database, PostgresMeters))
    return [service.create(namespace, spec) for spec in _METERS]


def sink_of(database: Database, store: ClickHouse, run: Run) -> SinkEvents:
    """As its function composes it."""
    producer = KafkaProducer(lambda: run.engines.kafka)
    return SinkEvents(
        AllMeters(database),
        ClickHouseSink(store),
        KafkaDeadLetters(lambda: run.engines.kafka, producer),
        OutboxNotices(database),
        now=clock.now,
        new_id=ids.new_id,
    )


def record_of(namespace: str, offset: int) -> tuple[dict[str, Any], bytes]:
    """What the mapping makes of a request's record, and the request's body."""
    body = body_of(distinct_departures(_EVENTS, seed=offset))
    value = encode_record(namespace, check_events(body, Shape.BATCH, _EVENTS).events, clock.now())
    return _FACTS | {"offset": offset, "value": b64encode(value).decode()}, body


def kafka_event(records: list[dict[str, Any]]) -> dict[str, Any]:
    return {"eventSource": "aws:kafka", "records": {"events-0": records}}


def _batch(number: int, records: int) -> Batch:
    offsets = range(number * records, (number + 1) * records)
    made = [record_of(_NAMESPACE, offset) for offset in offsets]
    return kafka_event([record for record, _ in made]), [body for _, body in made]


def _figures(run: Run, handler: Callable[[dict[str, Any]], object], batches: list[Batch]) -> list[Figure]:
    own: list[float] = []
    sinking, parsing = iter(batches), iter(batches)
    work = partial(_timed, own, lambda: handler(next(sinking)[0]))
    rounds = run.track(range(len(batches)), "P3 sink")
    floors, works = take_turns(lambda: _parse(next(parsing)[1]), work, rounds=rounds)
    events = len(batches[0][1]) * _EVENTS
    floor = min(floors) / events
    return [
        Figure("P3", f"sink {events:,} events, each", Kind.RATIO, min(works) / events, _FLOOR, floor, _BOUND),
        Figure("P3", "of it the function's own CPU time", Kind.RATIO, min(own) / events, _FLOOR, floor),
    ]


def _check(store: ClickHouse, meters: list[Meter], sent: list[bytes]) -> None:
    """Both meters have read every event that was sunk, once."""
    distances = [event["data"]["distance"] for body in sent for event in orjson.loads(body)]
    usage = ClickHouseUsage(store)
    found = [row.value for meter in meters for row in usage.query(_NAMESPACE, UsageQuery(meter))]
    check_equal(found, [Decimal(sum(distances)), Decimal(len(distances))])


def _timed(own: list[float], work: Callable[[], object]) -> None:
    """The stores run in processes of their own."""
    started = time.process_time()
    work()
    own.append(time.process_time() - started)


def _parse(bodies: list[bytes]) -> None:
    for body in bodies:
        orjson.loads(body)


def _fitting(event: dict[str, Any]) -> Figure:
    """How many events one invocation's 6 MB carry, each record with 100 of them."""
    records = event["records"]["events-0"]
    size = len(json.dumps(records, separators=(",", ":"))) / (len(records) * _EVENTS)
    return Figure(
        "P3", "events in one invocation", Kind.FITS, size, "6 MB payload", _INVOCATION_BYTES, _FEWEST, Unit.BYTES
    )
