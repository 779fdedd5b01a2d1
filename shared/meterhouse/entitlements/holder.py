"""Whose entitlements: a customer by its id or key, or by a subject whose usage is the customer's."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from meterhouse.customers.model import Customer
from meterhouse.entitlements.entitlement import Entitlement
from meterhouse.entitlements.ports import Store
from meterhouse.kernel.errors import NotFound
from meterhouse.platform.work import Work


@dataclass(frozen=True, slots=True)
class Holder:
    """As a caller names it: a customer's id or key, or else a subject's."""

    name: str
    is_subject: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """An entitlement with whose it is; `subject_key` is the subject by which it was asked for."""

    entitlement: Entitlement
    customer: Customer
    subject_key: str


def customer_of(store: Store, holder: Holder) -> tuple[Customer, str]:
    """The live customer, and the key of the subject it was named by, or of its first one.

    Raises:
        NotFound: there is none, or the subject's usage is nobody's.
    """
    if not holder.is_subject:
        customer = store.customers.find(holder.name)
        if customer is None:
            raise NotFound("customer", holder.name)
        return customer, first_subject(customer)
    subject = store.subjects.find(holder.name)
    key = holder.name if subject is None else subject.key
    owner = store.customers.by_subjects([key]).get(key)
    customer = None if owner is None else store.customers.find(owner)
    if customer is None:
        raise NotFound("customer of subject", key)
    return customer, key


def first_subject(customer: Customer) -> str:
    return next(iter(customer.usage_subjects), "")


def found(store: Store, customer_id: str, id_or_feature_key: str, at: datetime) -> Entitlement:
    """The customer's entitlement of this id, over or not, else the one of this feature key that is active at `at`.

    Raises:
        NotFound: the customer has none such.
    """
    entitlement = store.entitlements.find(id_or_feature_key)
    if entitlement is None or entitlement.customer_id != customer_id:
        entitlement = store.entitlements.active(customer_id, id_or_feature_key, at)
    if entitlement is None:
        raise NotFound("entitlement", id_or_feature_key)
    return entitlement


def lock_customer(work: Work[Store], holder: Holder) -> tuple[Customer, str]:
    """As `customer_of`, once nobody else works on the customer: it may have been deleted meanwhile."""
    found_first, subject_key = customer_of(work.store, holder)
    work.lock("customer", found_first.id)
    customer = work.store.customers.find(found_first.id)
    if customer is None:
        raise NotFound("customer", holder.name)
    return customer, subject_key


def lock_entitlement(
    work: Work[Store], customer_id: str, id_or_feature_key: str, now: Callable[[], datetime]
) -> tuple[Entitlement, datetime]:
    """What `found` finds, once nobody else changes it, and the instant of the change: of two, the later is later.

    Raises:
        NotFound: the customer has none such, or it is over: what is over never changes.
    """
    entitlement = found(work.store, customer_id, id_or_feature_key, now())
    while True:
        work.lock("entitlement", entitlement.id)
        locked, at = entitlement, now()
        entitlement = found(work.store, customer_id, id_or_feature_key, at)
        # of this key it may be another by now
        if entitlement.id == locked.id:
            break
    if entitlement.is_over(at):
        raise NotFound("entitlement", id_or_feature_key)
    return entitlement, at
