"""The log: partitions, the consumer group's offsets, dead letters."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from meterhouse.kernel.errors import Unavailable
from meterhouse.metering.sink import LogRecord
from tests.simulation.chance import Chance
from tests.simulation.faults import ProcessFaults, Weather

TOPIC = "events"


@dataclass
class Log:
    """Producers spread a namespace over partitions here, as they do while the number of partitions changes."""

    chance: Chance
    partitions: list[list[LogRecord]] = field(default_factory=lambda: [[], []])
    committed: dict[int, int] = field(default_factory=dict)
    generation: dict[int, int] = field(default_factory=dict)
    delayed: list[tuple[bytes, bytes]] = field(default_factory=list)
    dead: list[tuple[LogRecord, str]] = field(default_factory=list)
    appended: Callable[[LogRecord], None] = lambda _record: None
    only: int | None = None
    """The one partition that is written to; None: any."""

    def put(self, key: bytes | None, value: bytes | None) -> None:
        partition = self.chance.draw.randrange(len(self.partitions)) if self.only is None else self.only
        records = self.partitions[partition]
        records.append(record := LogRecord(TOPIC, partition, len(records), key, value))
        self.appended(record)
        self.chance.note(f"log: {partition}-{len(records) - 1} has {len(value or b'')} bytes")

    def arrive(self) -> None:
        """What a producer gave up on arrives all the same."""
        for key, value in self.delayed:
            self.put(key, value)
        self.delayed.clear()

    def fetch(self, partition: int, most: int) -> tuple[int, Sequence[LogRecord]]:
        """The next records that are not committed, and the generation in which they may be."""
        self.generation[partition] = generation = self.generation.get(partition, 0) + 1
        start = self.committed.get(partition, 0)
        return generation, self.partitions[partition][start : start + most]

    def commit(self, partition: int, generation: int, offset: int) -> None:
        """Nothing, where the partition has gone to another consumer meanwhile."""
        if self.generation[partition] == generation:
            self.committed[partition] = max(offset, self.committed.get(partition, 0))

    def ends(self) -> Mapping[int, int]:
        return {number: len(records) for number, records in enumerate(self.partitions)}

    def stored(self) -> Mapping[int, int]:
        return {number: self.committed.get(number, 0) for number in range(len(self.partitions))}

    def is_drained(self) -> bool:
        return self.ends() == self.stored() and not self.delayed


@dataclass(frozen=True)
class Producer:
    """`metering.ingest.EventLog` of one process."""

    log: Log
    faults: ProcessFaults
    weather: Weather

    def append(self, namespace: str, record: bytes, *_: Any, **__: Any) -> None:
        self.faults.before("append")
        if not self.weather.is_over and self.log.chance.happens(self.weather.trouble / 2):
            self.log.delayed.append((namespace.encode(), record))
            raise Unavailable("no acknowledgement in time", retry_after_seconds=2)
        self.log.put(namespace.encode(), record)
        self.faults.after("append", is_whole=True)


@dataclass(frozen=True)
class DeadLetters:
    """`metering.sink.DeadLetters` of one process."""

    log: Log
    faults: ProcessFaults

    def refuse(self, poison: int) -> None:
        raise AssertionError(f"a flood of {poison} dead letters")

    def bury(self, record: LogRecord, reason: str) -> None:
        self.faults.before("bury")
        self.log.dead.append((record, reason))
        self.faults.after("bury", is_whole=True)
