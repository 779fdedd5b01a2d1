"""Customers: create, show, list, replace, delete."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from meterhouse.customers.model import Customer, CustomerDetails
from meterhouse.customers.ports import CustomerFilter, CustomerPorts, CustomerStore, PageRequest
from meterhouse.kernel.errors import Conflict, NotFound, Problem
from meterhouse.platform import clock, ids
from meterhouse.platform.outbox import DomainEvent
from meterhouse.platform.work import Begin


@dataclass(frozen=True, slots=True)
class ShownCustomer:
    """A customer with what the subscriptions room adds to its picture."""

    customer: Customer
    current_subscription_id: str | None = None
    subscriptions: Sequence[Mapping[str, Any]] | None = None


class CustomerService:
    """Customers of a namespace: create, show, list, replace, delete."""

    def __init__(
        self,
        begin: Begin[CustomerPorts],
        now: Callable[[], datetime] = clock.now,
        new_id: Callable[[], str] = ids.new_id,
    ) -> None:
        self._begin = begin
        self._now = now
        self._new_id = new_id

    def create(self, namespace: str, details: CustomerDetails) -> ShownCustomer:
        """Add a customer.

        Raises:
            InvalidInput: see `CustomerDetails.check`.
            Conflict: see `CustomerStore.add`.
        """
        details.check()
        at = self._now()
        customer = Customer(self._new_id(), details, created_at=at, updated_at=at)
        with self._begin(namespace) as work:
            work.store.customers.add(customer)
            work.publish(self._event("customer.created", customer))
            work.commit()
        return ShownCustomer(customer)

    def get(self, namespace: str, id_or_key: str, *, expand: bool = False) -> ShownCustomer:
        """A customer by id or key, a deleted one by id alone; `expand` shows its subscriptions.

        Raises:
            NotFound: there is no such customer.
        """
        with self._begin(namespace) as work:
            customer = _found(work.store.customers, id_or_key)
            return _shown(work.store, [customer], self._now(), expand=expand)[0]

    def page(
        self,
        namespace: str,
        wanted: CustomerFilter,
        page: PageRequest,
        *,
        plan_key: str | None = None,
        expand: bool = False,
    ) -> tuple[list[ShownCustomer], int]:
        """One page of the customers wanted, and how many there are; `plan_key` keeps the subscribers of a plan."""
        at = self._now()
        with self._begin(namespace) as work:
            if plan_key is not None:
                wanted = replace(wanted, ids=work.store.subscriptions.subscribers(plan_key, at))
            customers, total = work.store.customers.page(wanted, page)
            return _shown(work.store, customers, at, expand=expand), total

    def replace(self, namespace: str, id_or_key: str, details: CustomerDetails) -> ShownCustomer:
        """Put new details in place of all old ones.

        Only the currency stays when none is given: a subscription may have settled it, which a caller who sends what
        they know does not know.

        Raises:
            NotFound: there is no such customer.
            InvalidInput: see `CustomerDetails.check`.
            Conflict: `customer_deleted`; a key or subject is another's; or a guard refuses other subjects, or another
                currency.
        """
        details.check()
        at = self._now()
        with self._begin(namespace) as work:
            before = _locked(work.store.customers, id_or_key, work.lock)
            if before.deleted_at is not None:
                raise Conflict(f"customer {before.id} is deleted", "customer_deleted")
            if set(details.usage_subjects) != set(before.usage_subjects):
                _refuse_if_any(
                    "the customer's usage cannot come from other subjects now",
                    (problem for guard in work.store.guards for problem in guard.against_other_subjects(before.id, at)),
                )
            currency = details.currency or before.currency
            if before.currency is not None and currency != before.currency:
                _refuse_if_any(
                    "the customer cannot pay in another currency now",
                    (problem for guard in work.store.guards for problem in guard.against_other_currency(before.id, at)),
                )
            customer = before.replaced(replace(details, currency=currency), at)
            work.store.customers.update(customer)
            work.publish(self._event("customer.updated", customer))
            shown = _shown(work.store, [customer], at, expand=False)[0]
            work.commit()
        return shown

    def delete(self, namespace: str, id_or_key: str) -> None:
        """Delete softly; the key and subjects become free. Deleting again changes nothing.

        Raises:
            NotFound: there is no such customer.
            Conflict: a guard refuses: an active subscription, an open invoice.
        """
        at = self._now()
        with self._begin(namespace) as work:
            before = _locked(work.store.customers, id_or_key, work.lock)
            if before.deleted_at is not None:
                return
            _refuse_if_any(
                "the customer cannot be deleted now",
                (problem for guard in work.store.guards for problem in guard.against_deletion(before.id, at)),
            )
            customer = before.deleted(at)
            work.store.customers.update(customer)
            work.publish(self._event("customer.deleted", customer))
            work.commit()

    def _event(self, kind: str, customer: Customer) -> DomainEvent:
        data = {"customerId": customer.id, "key": customer.key}
        return DomainEvent(self._new_id(), kind, f"customer/{customer.id}", customer.updated_at, data)


def _found(customers: CustomerStore, id_or_key: str) -> Customer:
    customer = customers.find(id_or_key) or customers.find_deleted(id_or_key)
    if customer is None:
        raise NotFound("customer", id_or_key)
    return customer


def _locked(customers: CustomerStore, id_or_key: str, lock: Callable[..., None]) -> Customer:
    """The customer as it is once nobody else works on it; found before the lock, it may have changed meanwhile."""
    customer_id = _found(customers, id_or_key).id
    lock("customer", customer_id)
    return _found(customers, customer_id)


def _shown(store: CustomerPorts, customers: Sequence[Customer], at: datetime, *, expand: bool) -> list[ShownCustomer]:
    found = [customer.id for customer in customers]
    current = store.subscriptions.current(found, at) if found else {}
    documents = store.subscriptions.documents(found, at) if found and expand else {}
    return [
        ShownCustomer(customer, current.get(customer.id), documents.get(customer.id, ()) if expand else None)
        for customer in customers
    ]


def _refuse_if_any(detail: str, problems: Iterable[Problem]) -> None:
    found = list(problems)
    if found:
        raise Conflict(detail, found[0].code, found)
