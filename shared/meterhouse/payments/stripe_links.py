"""`meterhouse.payments.ports.StripeCustomers` on what apps know of customers."""

from collections.abc import Callable
from datetime import datetime

from meterhouse.payments.customer_data import CustomerData, StripeCustomer
from meterhouse.payments.ports import PaymentsStore
from meterhouse.platform import clock
from meterhouse.platform.work import Begin


class StripeLinks:
    def __init__(self, begin: Begin[PaymentsStore], now: Callable[[], datetime] = clock.now) -> None:
        self._begin = begin
        self._now = now

    def of(self, namespace: str, app_id: str, customer_id: str) -> StripeCustomer | None:
        with self._begin(namespace) as work:
            found = [one.facts for one in work.store.data.of_customer(customer_id) if one.app_id == app_id]
        return next((facts for facts in found if isinstance(facts, StripeCustomer)), None)

    def by_stripe_id(self, namespace: str, app_id: str, stripe_customer_id: str) -> str | None:
        with self._begin(namespace) as work:
            found = work.store.data.of_stripe_customer(app_id, stripe_customer_id)
        return None if found is None else found.customer_id

    def link(self, namespace: str, app_id: str, customer_id: str, customer: StripeCustomer) -> None:
        now = self._now()
        with self._begin(namespace) as work:
            work.lock("customer", customer_id)
            work.store.data.put(CustomerData(customer_id, app_id, customer, now, now))
            work.commit()
