"""Quantities from the metering room: what counts for a feature, by customer."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Protocol

from meterhouse.catalog.feature import Feature
from meterhouse.catalog.usage_filter import usage_filters
from meterhouse.kernel.errors import InvalidInput
from meterhouse.kernel.period import Period
from meterhouse.metering.model import Meter
from meterhouse.metering.usage import CUSTOMER, UsageQuery, UsageRow
from meterhouse.platform.work import Begin


class BilledMeters(Protocol):
    def by_ids(self, meter_ids: Iterable[str]) -> Mapping[str, Meter]:
        """Deleted ones too: usage under them is still billed."""

    def is_backfilled(self, meter: Meter) -> bool:
        """Whether the meter has read the events that were stored before it, or before its latest revision."""


class MeterUsage(Protocol):
    def query(self, namespace: str, query: UsageQuery) -> Sequence[UsageRow]: ...


class MeteredUsage:
    """`meterhouse.billing.ports.UsageReader` on meters and the usage store."""

    def __init__(self, begin: Begin[BilledMeters], usage: MeterUsage) -> None:
        self._begin = begin
        self._usage = usage

    def quantities(
        self, namespace: str, feature: Feature, period: Period, subjects: Mapping[str, Collection[str]]
    ) -> dict[str, Decimal]:
        """What each customer used of the feature's meter in the period, in one query for all of them.

        Raises:
            InvalidInput: the feature has no meter, or one that has not read all earlier events yet.
            Unavailable: the usage store does not answer.
        """
        query = UsageQuery(
            meter=self._meter(namespace, feature),
            from_=period.start,
            to=period.end,
            customers={subject: customer for customer, own in subjects.items() for subject in own},
            group_by=(CUSTOMER,),
            filters=usage_filters(feature.spec.filters),
        )
        rows = self._usage.query(namespace, query)
        return {row.customer_id: row.value for row in rows if row.customer_id is not None}

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
