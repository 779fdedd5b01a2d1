"""Whom and what a usage question names: meters of this room, customers of the room below."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from meterhouse.customers.model import Customer
from meterhouse.kernel.errors import NotFound, Problems
from meterhouse.metering.model import Meter
from meterhouse.platform.work import Begin


class KnownMeters(Protocol):
    def find(self, id_or_slug: str) -> Meter | None: ...

    def live(self) -> Sequence[Meter]: ...

    def by_ids(self, meter_ids: Iterable[str]) -> Mapping[str, Meter]:
        """Meters by id, deleted ones too."""


class KnownCustomers(Protocol):
    def by_ids(self, customer_ids: Iterable[str]) -> Mapping[str, Customer]: ...

    def by_subjects(self, subjects: Iterable[str]) -> Mapping[str, str]:
        """The id of the live customer each subject's usage belongs to; subjects of nobody are left out."""


@dataclass(frozen=True, slots=True)
class DirectoryPorts:
    meters: KnownMeters
    customers: KnownCustomers


class Directory:
    def __init__(self, begin: Begin[DirectoryPorts]) -> None:
        self._begin = begin

    def meter(self, namespace: str, id_or_slug: str) -> Meter:
        """The live meter of this id or slug, or the deleted one of this id: its history stays; `NotFound` otherwise."""
        with self._begin(namespace) as work:
            meters = work.store.meters
            meter = meters.find(id_or_slug) or meters.by_ids([id_or_slug]).get(id_or_slug)
        if meter is None:
            raise NotFound("meter", id_or_slug)
        return meter

    def event_types(self, namespace: str) -> set[str]:
        """The event types that some live meter reads."""
        with self._begin(namespace) as work:
            return {meter.event_type for meter in work.store.meters.live()}

    def customers_of(self, namespace: str, subjects: Iterable[str]) -> Mapping[str, str]:
        """Customer ids by subject."""
        with self._begin(namespace) as work:
            return work.store.customers.by_subjects(subjects)

    def subjects_of(self, namespace: str, customer_ids: Sequence[str], field: str) -> dict[str, str]:
        """Customer ids by subject, for all subjects of these customers; deleted ones have given theirs up.

        Raises:
            InvalidInput: some customer is not known; `field` says where that was asked.
        """
        with self._begin(namespace) as work:
            found = work.store.customers.by_ids(customer_ids)
        problems = Problems()
        for index, customer_id in enumerate(customer_ids):
            if customer_id not in found:
                problems.add(f"{field}/{index}", "customer_not_found", f"there is no customer {customer_id!r}")
        problems.raise_if_any("a customer is not known")
        live = [customer for customer in found.values() if customer.deleted_at is None]
        return {subject: customer.id for customer in live for subject in customer.usage_subjects}
