"""`meterhouse.payments.ports.StripeCustomers` on what apps know of customers."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from meterhouse.billing.installed_app import AppStatus, InstalledApp
from meterhouse.kernel.errors import Conflict, Unavailable
from meterhouse.kernel.ids import derived_ulid
from meterhouse.payments.customer_data import CustomerData, StripeCustomer
from meterhouse.payments.events import app_event
from meterhouse.payments.ports import PaymentsStore
from meterhouse.platform import clock
from meterhouse.platform.work import Begin, Ended, Work


class StripeLinks:
    def __init__(self, begin: Begin[PaymentsStore], ended: Ended, now: Callable[[], datetime] = clock.now) -> None:
        self._begin = begin
        self._ended = ended
        self._now = now

    def unauthorized(self, namespace: str, app: InstalledApp) -> None:
        if app.status is AppStatus.READY:
            self._ended(lambda: self._refused(namespace, app))

    def _refused(self, namespace: str, app: InstalledApp) -> None:
        """Where the database is away, the next refusal says it again."""
        now = self._now()
        refused = replace(app, status=AppStatus.UNAUTHORIZED, updated_at=now)
        with suppress(Unavailable), self._begin(namespace) as work:
            if work.store.apps.refuse(app, now):
                work.publish(app_event(derived_ulid(now, "app.unauthorized", app.id), "app.updated", refused))
            work.commit()

    def of(self, namespace: str, app_id: str, customer_id: str) -> StripeCustomer | None:
        with self._begin(namespace) as work:
            return _known(work, app_id, customer_id)

    def by_stripe_id(self, namespace: str, app_id: str, stripe_customer_id: str) -> str | None:
        with self._begin(namespace) as work:
            found = work.store.data.of_stripe_customer(app_id, stripe_customer_id)
        return None if found is None else found.customer_id

    def link(self, namespace: str, app_id: str, customer_id: str, customer: StripeCustomer) -> None:
        now = self._now()
        with self._begin(namespace) as work:
            work.lock("customer", customer_id)
            release(work, app_id, customer.stripe_customer_id, customer_id)
            work.store.data.put(CustomerData(customer_id, app_id, customer, now, now))
            work.commit()

    def set_up(
        self, namespace: str, app_id: str, customer_id: str, customer: StripeCustomer, tell: Callable[[], object]
    ) -> bool:
        now = self._now()
        with self._begin(namespace) as work:
            work.lock("customer", customer_id)
            known = _known(work, app_id, customer_id)
            if known is None or customer.is_outrun_by(known):
                return False
            tell()
            work.store.data.put(CustomerData(customer_id, app_id, customer, now, now))
            work.commit()
        return True


def release(work: Work[PaymentsStore], app_id: str, stripe_customer_id: str, customer_id: str) -> None:
    """Keep a customer of Stripe's for one of ours until the transaction ends; who was deleted stands in nobody's way.

    Raises:
        Conflict: `stripe_customer_taken`: it is somebody else already.
    """
    work.lock("stripe_customer", app_id, stripe_customer_id)
    held = work.store.data.of_stripe_customer(app_id, stripe_customer_id)
    if held is None or held.customer_id == customer_id:
        return
    if work.store.customers.by_ids([held.customer_id])[held.customer_id].deleted_at is None:
        message = f"{stripe_customer_id} is customer {held.customer_id} already"
        raise Conflict(message, "stripe_customer_taken")
    work.store.data.remove(held.customer_id, app_id)


def _known(work: Work[PaymentsStore], app_id: str, customer_id: str) -> StripeCustomer | None:
    found = [one.facts for one in work.store.data.of_customer(customer_id) if one.app_id == app_id]
    return next((facts for facts in found if isinstance(facts, StripeCustomer)), None)
