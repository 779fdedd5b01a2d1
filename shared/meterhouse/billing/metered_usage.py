"""Quantities from the metering room: what counts for a feature, by customer."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Protocol

from meterhouse.catalog.feature import Feature
from meterhouse.catalog.usage_filter import usage_filters
from meterhouse.kernel.errors import InvalidInput
from meterhouse.kernel.period import Period
from meterhouse.metering.counted_events import CountedEvent, CountedPlace
from meterhouse.metering.model import Meter
from meterhouse.metering.usage import CUSTOMER, UsageQuery, UsageRow
from meterhouse.platform.work import Begin

_MOST_BYTES = 3_000_000
"""Of subjects in a query, by `_size`: its text holds them, and whose they are, within the 16 MB that it may have."""
_BESIDE_A_SUBJECT = 40


class BilledMeters(Protocol):
    def by_ids(self, meter_ids: Iterable[str]) -> Mapping[str, Meter]:
        """Deleted ones too: usage under them is still billed."""

    def is_backfilled(self, meter: Meter) -> bool:
        """Whether the meter has read the events that were stored before it, or before its latest revision."""


class MeterUsage(Protocol):
    def query(self, namespace: str, query: UsageQuery) -> Sequence[UsageRow]: ...


class EventsBehind(Protocol):
    def page(self, namespace: str, query: UsageQuery, after: CountedPlace | None, limit: int) -> list[CountedEvent]: ...


class MeteredUsage:
    """`meterhouse.billing.ports.UsageReader` on meters and the usage store."""

    def __init__(self, begin: Begin[BilledMeters], usage: MeterUsage) -> None:
        self._begin = begin
        self._usage = usage

    def is_progressive(self, namespace: str, feature: Feature) -> bool:
        """Whether later events add to the value of the feature's meter, and never replace it; without one it is not."""
        if feature.meter_id is None:
            return False
        with self._begin(namespace) as work:
            meter = work.store.by_ids([feature.meter_id]).get(feature.meter_id)
        return meter is not None and meter.aggregation.is_progressive

    def quantities(
        self, namespace: str, feature: Feature, period: Period, subjects: Mapping[str, Collection[str]]
    ) -> dict[str, Decimal]:
        """What each customer used of the feature's meter in the period, in as few queries as there may be.

        Raises:
            InvalidInput: the feature has no meter, or one that has not read all earlier events yet.
            Unavailable: the usage store does not answer.
        """
        query = replace(self.asked(namespace, feature, period), group_by=(CUSTOMER,))
        rows = (
            row
            for customers in _batches(subjects)
            for row in self._usage.query(namespace, replace(query, customers=customers))
        )
        return {row.customer_id: row.value for row in rows if row.customer_id is not None}

    def asked(self, namespace: str, feature: Feature, period: Period) -> UsageQuery:
        """What is asked of the feature's meter about the period.

        Raises:
            InvalidInput: the feature has no meter, or one that has not read all earlier events yet.
        """
        filters = usage_filters(feature.spec.filters)
        return UsageQuery(self._meter(namespace, feature), period.start, period.end, filters=filters)

    def _meter(self, namespace: str, feature: Feature) -> Meter:
        if feature.meter_id is None:
            raise InvalidInput(f"feature {feature.key} has no meter")
        with self._begin(namespace) as work:
            meter = work.store.by_ids([feature.meter_id]).get(feature.meter_id)
            if meter is None:
                raise InvalidInput(f"the meter of feature {feature.key} does not exist")
            if not work.store.is_backfilled(meter):
                raise InvalidInput(f"the meter of feature {feature.key} is still reading earlier events")
        return meter


class UsageBehind:
    """`meterhouse.billing.explain_line.LineUsage` on meters and the usage store."""

    def __init__(self, usage: MeteredUsage, events: EventsBehind) -> None:
        self._usage = usage
        self._events = events

    def asked(self, namespace: str, feature: Feature, period: Period, subjects: Collection[str]) -> UsageQuery:
        return replace(self._usage.asked(namespace, feature, period), subjects=tuple(subjects))

    def events(self, namespace: str, query: UsageQuery, after: CountedPlace | None, limit: int) -> list[CountedEvent]:
        return self._events.page(namespace, query, after, limit)


def _batches(subjects: Mapping[str, Collection[str]]) -> Iterator[dict[str, str]]:
    """Customers by subject, a customer's subjects together: what tells usage apart must see all of it."""
    batch: dict[str, str] = {}
    size = 0
    for customer, own in subjects.items():
        size += (added := _size(own))
        if batch and size > _MOST_BYTES:
            yield batch
            batch, size = {}, added
        batch |= dict.fromkeys(own, customer)
    if batch:
        yield batch


def _size(subjects: Iterable[str]) -> int:
    return sum(len(subject.encode()) + _BESIDE_A_SUBJECT for subject in subjects)
