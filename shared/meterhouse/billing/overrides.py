"""Which profile a customer is invoiced on: the one pinned to it, else the namespace's default."""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime

from meterhouse.billing.app import AppDirectory
from meterhouse.billing.installed_app import InstalledApp
from meterhouse.billing.override import BilledBy, CustomerOverride, OverrideFilter, OverrideOrder
from meterhouse.billing.ports import BillingStore, PageOf
from meterhouse.billing.profile import Profile
from meterhouse.billing.profiles import default_profile
from meterhouse.customers.model import Customer
from meterhouse.kernel.errors import Conflict, InvalidInput, NotFound, Problem
from meterhouse.platform import clock, ids
from meterhouse.platform.outbox import DomainEvent
from meterhouse.platform.work import Begin, Work


def profiles_of(
    work: Work[BillingStore], namespace: str, customer_ids: Collection[str], now: datetime
) -> dict[str, Profile]:
    """The profile each of the customers is invoiced on, by customer id; the caller commits."""
    found = dict(work.store.overrides.pinned(customer_ids)) if customer_ids else {}
    unpinned = [customer_id for customer_id in customer_ids if customer_id not in found]
    return found | dict.fromkeys(unpinned, default_profile(work, namespace, now)) if unpinned else found


class OverrideService:
    def __init__(
        self,
        begin: Begin[BillingStore],
        apps: AppDirectory,
        now: Callable[[], datetime] = clock.now,
        new_id: Callable[[], str] = ids.new_id,
    ) -> None:
        self._begin = begin
        self._apps = apps
        self._now = now
        self._new_id = new_id

    def page(
        self, namespace: str, wanted: OverrideFilter, page: PageOf, order: OverrideOrder
    ) -> tuple[list[BilledBy], int]:
        """One page of live customers with the profile each is invoiced on, and how many there are."""
        with self._begin(namespace) as work:
            default = default_profile(work, namespace, self._now())
            customers, total = work.store.overrides.page(wanted, default.id, page, order)
            found = self._billed_by(work, namespace, customers)
            work.commit()
        return found, total

    def get(self, namespace: str, customer_id: str) -> BilledBy:
        """What a customer is invoiced on, a deleted one too.

        Raises:
            NotFound: there is no such customer.
        """
        with self._begin(namespace) as work:
            [found] = self._billed_by(work, namespace, [found_customer(work, customer_id)])
            work.commit()
        return found

    def put(self, namespace: str, customer_id: str, profile_id: str | None) -> BilledBy:
        """Pin the customer to a profile (None: to none); invoices that exist keep their own terms.

        Raises:
            NotFound: there is no such customer.
            Conflict: it is deleted.
            InvalidInput: there is no such profile, or it is deleted.
        """
        now = self._now()
        with self._begin(namespace) as work:
            # the customer first: whoever waits for one keeps no other of the namespace waiting
            work.store.invoices.lock_customers([customer_id])
            # held against a deletion of the profile, which would not see a pin that is not saved yet
            work.lock("billing_profiles")
            customer = live_customer(work, customer_id)
            _check(work, profile_id)
            before = work.store.overrides.of_customers([customer_id]).get(customer_id)
            if before is None or before.profile_id != profile_id:
                created_at = now if before is None else before.created_at
                work.store.overrides.save(CustomerOverride(customer_id, profile_id, created_at, now))
                self._publish(work, "billing_override.updated", customer_id, profile_id, now)
            [found] = self._billed_by(work, namespace, [customer])
            work.commit()
        return found

    def delete(self, namespace: str, customer_id: str) -> None:
        """Let the customer follow the default again; where it does already, nothing changes.

        Raises:
            NotFound: there is no such customer.
        """
        with self._begin(namespace) as work:
            found_customer(work, customer_id)
            if work.store.overrides.remove(customer_id):
                self._publish(work, "billing_override.deleted", customer_id, None, self._now())
            work.commit()

    def apps_of(self, namespace: str, billed: Iterable[BilledBy]) -> Mapping[str, InstalledApp]:
        """The apps of their profiles by id, uninstalled ones too."""
        return self._apps.installed(namespace, {one.profile.app_id for one in billed})

    def _billed_by(self, work: Work[BillingStore], namespace: str, customers: Collection[Customer]) -> list[BilledBy]:
        found = [customer.id for customer in customers]
        overrides = work.store.overrides.of_customers(found)
        profiles = profiles_of(work, namespace, found, self._now())
        return [BilledBy(one, overrides.get(one.id), profiles[one.id]) for one in customers]

    def _publish(
        self, work: Work[BillingStore], kind: str, customer_id: str, profile_id: str | None, at: datetime
    ) -> None:
        data = {"customerId": customer_id, "profileId": profile_id}
        work.publish(DomainEvent(self._new_id(), kind, f"customer/{customer_id}", at, data))


def found_customer(work: Work[BillingStore], customer_id: str) -> Customer:
    """The customer of this id, a deleted one too; raises `NotFound`."""
    customer = work.store.customers.by_ids([customer_id]).get(customer_id)
    if customer is None:
        raise NotFound("customer", customer_id)
    return customer


def live_customer(work: Work[BillingStore], customer_id: str) -> Customer:
    """The customer of this id; raises `NotFound`, and `Conflict` for a deleted one."""
    customer = found_customer(work, customer_id)
    if customer.deleted_at is not None:
        raise Conflict(f"customer {customer_id} is deleted", "customer_deleted")
    return customer


def _check(work: Work[BillingStore], profile_id: str | None) -> None:
    if profile_id is None:
        return
    profile = work.store.profiles.find(profile_id)
    if profile is None:
        raise _refused("unknown_profile", f"there is no billing profile {profile_id!r}")
    if profile.deleted_at is not None:
        raise _refused("profile_deleted", f"billing profile {profile_id} is deleted")


def _refused(code: str, message: str) -> InvalidInput:
    return InvalidInput(message, [Problem("/billingProfileId", code, message)])
