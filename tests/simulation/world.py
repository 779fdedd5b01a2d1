"""A usage house in one process: production handlers and use cases as its processes, everything else a seeded fake."""

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any, cast

from meterhouse.kernel.errors import MeterhouseError
from meterhouse.metering import kafka_event
from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.clickhouse import ClickHouseUsage
from meterhouse.metering.clickhouse_rollup import ClickHouseRollups
from meterhouse.metering.clickhouse_sink import ClickHouseSink
from meterhouse.metering.directory import Directory
from meterhouse.metering.ingest import IngestEvents
from meterhouse.metering.ingest_api import ingest_handler
from meterhouse.metering.model import Meter, MeterChange, MeterSpec
from meterhouse.metering.query_usage import QueryUsage
from meterhouse.metering.roll_up import RollUpUsage
from meterhouse.metering.service import MeterService
from meterhouse.metering.sink import LogRecord, SinkEvents
from meterhouse.platform.clickhouse import ClickHouse
from tests.simulation.chance import Chance, Clock, Killed
from tests.simulation.columns.clickhouse import SimulatedClickHouse
from tests.simulation.columns.parts import Part, Parts
from tests.simulation.columns.schema import Changes
from tests.simulation.faults import ProcessFaults, Weather
from tests.simulation.log import DeadLetters, Log, Producer
from tests.simulation.oracle import Attempt, Oracle
from tests.simulation.registry import AllMeters, Registry
from tests.simulation.workload import Workload
from tests.unit.metering.poison import POISON

NAMESPACE = "acme"
MOST_WRITINGS = 14
MOST_IN_ALL = 22


class World:
    def __init__(self, chance: Chance, changes: Changes = ()) -> None:
        self.chance = chance
        self.registry = Registry()
        self.oracle = Oracle(lambda: list(self.registry.meters.values()))
        self.parts = Parts(changes, watch=self.oracle.landed)
        self.log = Log(chance, appended=self.oracle.appended)
        trouble = chance.pick((0, 1), (0.03, 3), (0.1, 2))
        self.weather = Weather(chance, self.interrupt, trouble, haste=chance.pick((0.02, 1), (0.05, 2)))
        self.workload = Workload(chance)
        self.accepted: list[str] = []
        self.refused: list[str] = []
        self.poison: list[bytes | None] = []
        self.active: list[Attempt] = []
        self.most = MOST_WRITINGS
        self.ids = count(1)
        self.meters = MeterService(self.registry.work, new_id=self.new_id, now=self.clock())
        self.clocks = [self.clock() for _ in range(6)]
        self._create(Aggregation.SUM)
        self._create(chance.draw.choice(list(Aggregation)))

    def clock(self) -> Clock:
        return Clock(self.chance, timedelta(milliseconds=self.chance.draw.randrange(-2_000, 2_000)))

    def new_id(self) -> str:
        return f"{next(self.ids):026}"

    def faults(self, name: str, writes: Callable[[Sequence[Part]], None] = lambda _parts: None) -> ProcessFaults:
        return ProcessFaults(name, self.weather, writes)

    def store(self, faults: ProcessFaults) -> ClickHouse:
        return cast("ClickHouse", SimulatedClickHouse(self.parts, self.chance.tick, faults))

    def usage(self, faults: ProcessFaults) -> QueryUsage:
        directory = Directory(self.registry.directory)
        return QueryUsage(directory, ClickHouseUsage(self.store(faults)), self.clock())

    # what may happen next

    def interrupt(self) -> None:
        """In the middle of a call others take a step, or an event goes all its way."""
        sinks, rolls = (self.ingest, self.sink), (self.ingest, self.sink, self.roll_up)
        if self.most > MOST_WRITINGS:
            way = self.chance.pick((sinks, 1), (rolls, 1), ((self.roll_up,), 1))
        else:
            way = self.chance.pick((sinks, 2), (rolls, 2), ((self.change_meters,), 1.2), ((), 4))
        for action in way or (None,):
            self.step(action)

    def step(self, chosen: Callable[[], object] | None = None) -> None:
        """One thing that some process does, with whatever becomes of it."""
        action = chosen or self.chance.pick(
            (self.ingest, 6),
            (self.sink, 7),
            (self.roll_up, 3),
            (self.merge, 2),
            (self.change_meters, 0.8),
            (self.arrive_late, 1),
            (self.poison_log, 0.3),
            (self.pause, 0.5),
        )
        try:
            action()
        except (Killed, MeterhouseError) as error:
            self.chance.note(f"ended by {type(error).__name__}")

    def ingest(self) -> None:
        """A producer sends: something new, what was refused before, or once more what was accepted."""
        chance = self.chance
        if self.refused and chance.happens(0.6):
            body = self.refused.pop(chance.draw.randrange(len(self.refused)))
        elif self.workload.bodies and (chance.happens(0.2) or self.workload.written >= self.most):
            body = chance.draw.choice(self.workload.bodies)
        else:
            body = self.workload.body()
        self.send(body)

    def send(self, body: str) -> None:
        ingest = IngestEvents(
            Producer(self.log, self.faults("ingest"), self.weather), self.chance.draw.choice(self.clocks[:2])
        )
        request = {
            "rawPath": "/api/v1/events",
            "headers": {"content-type": "application/json"},
            "requestContext": {"requestId": "r", "authorizer": {"lambda": {"namespace": NAMESPACE, "scopes": "*"}}},
            "body": body,
        }
        try:
            status = ingest_handler(ingest)(request, None)["statusCode"]
        except Killed:
            status = 502
        self.chance.note(f"producer: {status} for {body}")
        (self.accepted if status == 204 else self.refused).append(body)

    def pause(self) -> None:
        """Nothing happens for a while: a day's quiet hour, or an outage."""
        self.chance.micros += self.chance.draw.randrange(50 * 60_000_000)
        self.chance.note("--- time passes")

    def poison_log(self) -> None:
        value = self.chance.draw.choice(list(POISON.values()))
        self.poison.append(value)
        self.log.put(None, value)

    def sink(self, *chosen: int) -> None:
        """A consumer takes what stands next in some partitions; another may be at the same records still."""
        draw, there = self.chance.draw, range(len(self.log.partitions))
        partitions = chosen or draw.sample(there, draw.randrange(1, len(there) + 1))
        fetched = {partition: self.log.fetch(partition, draw.randrange(1, 5)) for partition in partitions}
        records = [record for _, some in fetched.values() for record in some]
        if not records:
            return
        attempt = Attempt(frozenset((record.partition, record.offset) for record in records))
        self.oracle.attempts.append(attempt)
        name = f"sink {len(self.oracle.attempts)}"
        self.chance.note(f"{name}: takes {', '.join(f'{record.partition}-{record.offset}' for record in records)}")
        self.active.append(attempt)
        try:
            self._sink_handler(name, attempt)({"records": {"events": [_delivered(record) for record in records]}})
            attempt.is_done = True
        finally:
            self.active.remove(attempt)
        for partition, (generation, some) in fetched.items():
            if some:
                self.log.commit(partition, generation, some[-1].offset + 1)
        self.chance.note(f"{name}: done")

    def _sink_handler(self, name: str, attempt: Attempt) -> Callable[[dict[str, Any]], Mapping[str, Any]]:
        faults = self.faults(name, lambda parts: self.oracle.writes(attempt, parts))
        sink = SinkEvents(
            AllMeters(self.registry, faults, attempt.told),
            ClickHouseSink(self.store(faults)),
            DeadLetters(self.log, faults),
            NoNotices(),
            now=self.chance.draw.choice(self.clocks[2:]),
            new_id=self.new_id,
        )
        return kafka_event.batch_handler(sink)

    def roll_up(self) -> int:
        return RollUpUsage(ClickHouseRollups(self.store(ProcessFaults("roll up", self.weather, slowness=3))))()

    def merge(self) -> None:
        for _ in range(3):
            if merged := self.parts.merge(self.chance.draw):
                self.chance.note(f"store: parts of {merged} are merged")

    def arrive_late(self) -> None:
        """What was given up by its sender reaches the log or the usage store all the same."""
        self.log.arrive()
        for part in self.weather.late:
            self.chance.note(f"store: a part of {part.table.name} lands late")
            self.parts.land(part)
        self.weather.late.clear()

    def change_meters(self) -> None:
        chance, meters = self.chance, self.registry.live()
        if len(self.registry.meters) < 5 and chance.happens(0.75):
            self._create(chance.draw.choice(list(Aggregation)))
        elif chance.happens(0.6):
            self.meters.change(
                NAMESPACE, chance.draw.choice(meters).id, MeterChange(group_by=GROUPS | {"tier": "$.tier"})
            )
        elif len(meters) > 1:
            self.meters.delete(NAMESPACE, chance.draw.choice(meters[1:]).id)

    def _create(self, aggregation: Aggregation) -> Meter:
        value_property = "$.value" if aggregation.reads_number else "$.user" if aggregation.reads_value else None
        slug = f"{aggregation.lower()}_{len(self.registry.meters)}"
        event_from = self.chance.now() + timedelta(minutes=41) if self.chance.happens(0.1) else None
        self.chance.note(f"meters: {slug} is created")
        spec = MeterSpec(slug, aggregation, "call", slug, value_property, dict(GROUPS), event_from)
        return self.meters.create(NAMESPACE, spec)

    def race(self) -> None:
        """From rest, one process with many others in its way: nothing that follows heals what goes wrong."""
        self.chance.note("--- a race")
        self.most, weather = MOST_IN_ALL, self.weather
        self.send(self.workload.body())
        if is_of_roll_ups := self.chance.happens(0.6):
            self.sink()
        weather.is_over, weather.trouble, weather.haste = False, 0, 0.08 if is_of_roll_ups else 0.2
        self.step(self.roll_up if is_of_roll_ups else self.sink)

    def drain(self) -> None:
        """Faults are over; everything on its way arrives, is stored and rolled up."""
        self.weather.is_over = True
        self.chance.note("--- the faults are over")
        self.arrive_late()
        for body in self.refused[:]:
            self.refused.remove(body)
            self.send(body)
        for _ in range(200):
            if self.log.is_drained():
                break
            self.sink()
        while self.roll_up():
            pass


GROUPS = {"region": "$.region"}


@dataclass
class NoNotices:
    told: list[Any] = field(default_factory=list)

    def usage_ingested(self, usage: Any, _late: Any, _notice_id: str, _at: Any) -> None:
        self.told.append(list(usage))


def _delivered(record: LogRecord) -> dict[str, Any]:
    """A record as MSK's event source mapping hands it over."""
    delivered: dict[str, Any] = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
    named = {"key": record.key, "value": record.value}
    return delivered | {name: b64encode(data).decode() for name, data in named.items() if data is not None}
