"""Entitlements and grants as they are told: one of them, or lists."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from meterhouse.entitlements.entitlement import Entitlement, EntitlementType
from meterhouse.entitlements.grant import Grant
from meterhouse.entitlements.holder import Holder, Shown, customer_of, first_subject, found
from meterhouse.entitlements.ports import EntitlementFilter, GrantFilter, Slice, Store
from meterhouse.kernel.errors import NotFound
from meterhouse.platform import clock
from meterhouse.platform.work import Begin


@dataclass(frozen=True, slots=True)
class CustomersWanted:
    """Customers as a caller names them; all given conditions hold.

    Attributes:
        names: ids or keys.
    """

    ids: Collection[str] | None = None
    keys: Collection[str] | None = None
    names: Collection[str] | None = None
    subjects: Collection[str] | None = None


@dataclass(frozen=True, slots=True)
class EntitlementsWanted:
    """`features` are ids or keys; all given conditions hold."""

    customers: CustomersWanted = CustomersWanted()
    features: Collection[str] | None = None
    types: Collection[EntitlementType] | None = None
    exclude_inactive: bool = False


@dataclass(frozen=True, slots=True)
class GrantsWanted:
    """`features` are ids or keys; all given conditions hold."""

    customers: CustomersWanted = CustomersWanted()
    features: Collection[str] | None = None
    include_deleted: bool = False


class EntitlementReads:
    def __init__(self, begin: Begin[Store], now: Callable[[], datetime] = clock.now) -> None:
        self._begin = begin
        self._now = now

    def get(self, namespace: str, holder: Holder, id_or_feature_key: str) -> Shown:
        """A customer's entitlement by its id, over or not, or the one active now for a feature key.

        Raises:
            NotFound: there is no such customer or entitlement.
        """
        with self._begin(namespace) as work:
            customer, subject_key = customer_of(work.store, holder)
            return Shown(found(work.store, customer.id, id_or_feature_key, self._now()), customer, subject_key)

    def by_id(self, namespace: str, entitlement_id: str) -> Shown:
        """Raises `NotFound`."""
        with self._begin(namespace) as work:
            entitlement = work.store.entitlements.find(entitlement_id)
            if entitlement is None:
                raise NotFound("entitlement", entitlement_id)
            return shown(work.store, [entitlement])[0]

    def of_holder(
        self, namespace: str, holder: Holder, rows: Slice, *, include_deleted: bool = False
    ) -> tuple[list[Shown], int]:
        """A customer's entitlements, and how many there are. Raises `NotFound` for an unknown customer."""
        with self._begin(namespace) as work:
            customer, subject_key = customer_of(work.store, holder)
            wanted = EntitlementFilter(customer_ids=[customer.id], include_deleted=include_deleted)
            entitlements, total = work.store.entitlements.page(wanted, rows)
        return [Shown(entitlement, customer, subject_key) for entitlement in entitlements], total

    def page(self, namespace: str, wanted: EntitlementsWanted, rows: Slice) -> tuple[list[Shown], int]:
        """Entitlements that were not ended, and how many there are."""
        with self._begin(namespace) as work:
            matching = EntitlementFilter(
                customer_ids=_ids(work.store, wanted.customers),
                features=wanted.features,
                types=wanted.types,
                active_at=self._now() if wanted.exclude_inactive else None,
            )
            entitlements, total = work.store.entitlements.page(matching, rows)
            return shown(work.store, entitlements), total

    def grants_of(
        self, namespace: str, holder: Holder, id_or_feature_key: str, rows: Slice, *, include_deleted: bool = False
    ) -> tuple[list[Grant], int]:
        """An entitlement's grants, and how many there are. Raises as `get`."""
        at = self._now()
        with self._begin(namespace) as work:
            customer, _ = customer_of(work.store, holder)
            entitlement = found(work.store, customer.id, id_or_feature_key, at)
            wanted = GrantFilter(at, entitlement_id=entitlement.id, include_deleted=include_deleted)
            return work.store.grants.page(wanted, rows)

    def grants(self, namespace: str, wanted: GrantsWanted, rows: Slice) -> tuple[list[Grant], int]:
        with self._begin(namespace) as work:
            matching = GrantFilter(
                self._now(),
                customer_ids=_ids(work.store, wanted.customers),
                features=wanted.features,
                include_deleted=wanted.include_deleted,
            )
            return work.store.grants.page(matching, rows)


def _ids(store: Store, wanted: CustomersWanted) -> Collection[str] | None:
    """The ids of the customers wanted; None: any."""
    conditions: list[set[str]] = []
    if wanted.ids is not None:
        conditions.append(set(wanted.ids))
    if wanted.keys is not None:
        conditions.append(set(store.customers.by_keys(wanted.keys).values()))
    if wanted.names is not None:
        conditions.append({*wanted.names, *store.customers.by_keys(wanted.names).values()})
    if wanted.subjects is not None:
        conditions.append(set(store.customers.by_subjects(wanted.subjects).values()))
    return set.intersection(*conditions) if conditions else None


def shown(store: Store, entitlements: Sequence[Entitlement]) -> list[Shown]:
    """They with whose they are, in the same order."""
    customers = store.customers.by_ids({entitlement.customer_id for entitlement in entitlements})
    return [
        Shown(entitlement, customer, first_subject(customer))
        for entitlement in entitlements
        for customer in [customers[entitlement.customer_id]]
    ]
