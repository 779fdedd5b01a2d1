"""A usage store of one meter: every event is a digit of base 2, so that a quantity tells which events it counts."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from meterhouse.catalog.feature import Feature
from meterhouse.kernel.period import Period
from tests.simulation.faults import ProcessFaults

MOST_EVENTS = 12


@dataclass(frozen=True)
class Event:
    """What a customer used at `at`, and that it was known from `stored_at` on."""

    customer_id: str
    number: int
    at: datetime
    stored_at: datetime

    @property
    def value(self) -> int:
        return 1 << self.number


@dataclass
class Usage:
    events: list[Event] = field(default_factory=list)

    def add(self, customer_id: str, at: datetime, now: datetime) -> Event | None:
        number = sum(event.customer_id == customer_id for event in self.events)
        if number == MOST_EVENTS:
            return None
        self.events.append(event := Event(customer_id, number, at, now))
        return event

    def counted(self, customer_id: str, quantity: Decimal) -> set[Event]:
        """The events whose digits the quantity has."""
        digits = int(quantity)
        return {event for event in self.events if event.customer_id == customer_id and digits & event.value}


@dataclass(frozen=True)
class UsageCalls:
    """`meterhouse.billing.ports.UsageReader`: the queries of one process."""

    usage: Usage
    faults: ProcessFaults

    def is_progressive(self, _namespace: str, _feature: Feature) -> bool:
        return True

    def quantities(
        self, _namespace: str, _feature: Feature, period: Period, subjects: Mapping[str, Collection[str]]
    ) -> Mapping[str, Decimal]:
        self.faults.before("query usage")
        found: dict[str, Decimal] = {}
        for event in self.usage.events:
            if event.customer_id in subjects and period.start <= event.at < period.end:
                found[event.customer_id] = found.get(event.customer_id, Decimal(0)) + event.value
        self.faults.after("query usage", is_whole=True)
        return found
