"""Meters as Postgres holds them, for the production use cases on meters."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from meterhouse.customers.model import Customer
from meterhouse.metering.directory import DirectoryPorts
from meterhouse.metering.event import EARLIEST
from meterhouse.metering.model import Meter
from meterhouse.metering.service import MeterPage
from meterhouse.platform.outbox import DomainEvent
from tests.simulation.faults import ProcessFaults


@dataclass
class Registry:
    """The meters of the one namespace there is."""

    meters: dict[str, Meter] = field(default_factory=dict)

    def live(self) -> list[Meter]:
        return [meter for meter in self.meters.values() if meter.deleted_at is None]

    def since(self, at: datetime) -> list[Meter]:
        return [meter for meter in self.meters.values() if meter.deleted_at is None or meter.deleted_at > at]

    def find(self, id_or_slug: str) -> Meter | None:
        return next((meter for meter in self.live() if id_or_slug in {meter.id, meter.slug}), None)

    def by_ids(self, meter_ids: Iterable[str]) -> Mapping[str, Meter]:
        return {meter_id: self.meters[meter_id] for meter_id in meter_ids if meter_id in self.meters}

    def page(self, _page: MeterPage) -> list[Meter]:
        return self.live()

    def add(self, meter: Meter) -> bool:
        if self.find(meter.slug) is not None:
            return False
        self.meters[meter.id] = meter
        return True

    def update(self, meter: Meter) -> None:
        self.meters[meter.id] = meter

    def add_backfill(self, meter: Meter) -> None:
        """None is run here: a meter sees what is stored after it."""

    def backfill(self, _meter_id: str) -> None:
        return None

    @contextmanager
    def work(self, _namespace: str) -> Iterator["Work[Registry]"]:
        yield Work(self)

    @contextmanager
    def directory(self, _namespace: str) -> Iterator["Work[DirectoryPorts]"]:
        yield Work(DirectoryPorts(self, NoCustomers()))


S = TypeVar("S")


@dataclass
class Work(Generic[S]):
    """A unit of work that nothing disturbs: crashes and concurrent ones are tried on Postgres, in tests/integration."""

    store: S

    def publish(self, *events: DomainEvent) -> None: ...

    def lock(self, *key: str) -> None: ...

    def commit(self) -> None: ...


class NoCustomers:
    def by_ids(self, _customer_ids: Iterable[str]) -> Mapping[str, Customer]:
        return {}

    def by_subjects(self, _subjects: Iterable[str]) -> Mapping[str, str]:
        return {}


@dataclass(frozen=True)
class AllMeters:
    """`metering.sink.Meters` of one process, which notes what it was told."""

    registry: Registry
    faults: ProcessFaults
    told: list[Sequence[Meter]] = field(default_factory=list)

    def of(self, _namespace: str, since: datetime = EARLIEST) -> Sequence[Meter]:
        self.faults.before("read meters")
        found = self.registry.since(since)
        self.told.append(found)
        self.faults.after("read meters", is_whole=True)
        return found
