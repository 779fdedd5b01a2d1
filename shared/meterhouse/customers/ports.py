"""What the use cases of this room need from its store and from the rooms above."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from meterhouse.customers.model import Customer
from meterhouse.customers.subject import Subject
from meterhouse.kernel.errors import Problem


class CustomerOrder(StrEnum):
    ID = "id"
    NAME = "name"
    CREATED_AT = "createdAt"


@dataclass(frozen=True, slots=True)
class CustomerFilter:
    """Texts match anywhere in the field, whatever their case; `ids` None means any."""

    key: str | None = None
    name: str | None = None
    primary_email: str | None = None
    subject: str | None = None
    include_deleted: bool = False
    ids: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class PageRequest:
    """`number` counts from 1. Ties of the order are broken by id."""

    number: int = 1
    size: int = 100
    order_by: CustomerOrder = CustomerOrder.NAME
    descending: bool = False


class CustomerStore(Protocol):
    def find(self, id_or_key: str) -> Customer | None:
        """The live customer of this id, else of this key."""

    def find_deleted(self, customer_id: str) -> Customer | None: ...

    def page(self, wanted: CustomerFilter, page: PageRequest) -> tuple[list[Customer], int]:
        """One page, and how many there are on all."""

    def add(self, customer: Customer) -> None:
        """Write a new customer and its claims on subjects.

        Raises:
            Conflict: `key_conflict` or `subject_key_conflict`: another live customer has the key or a subject.
        """

    def update(self, customer: Customer) -> None:
        """Write a customer anew; raises as `add`. A deleted one gives up its key and subjects."""


class SubjectStore(Protocol):
    def find(self, id_or_key: str) -> Subject | None:
        """The live subject of this id, else of this key."""

    def find_by_key(self, key: str) -> Subject | None: ...

    def all(self) -> list[Subject]:
        """In order of their keys."""

    def save(self, subject: Subject) -> None: ...

    def delete(self, subject_id: str, at: datetime) -> None: ...


class CustomerGuard(Protocol):
    """What a room above has against a change; every problem is a reason to refuse it, its code the answer's code."""

    def against_other_subjects(self, customer_id: str, at: datetime, /) -> Sequence[Problem]:
        """Against the customer's usage coming from other subjects from `at` on (an active subscription, say)."""

    def against_other_currency(self, customer_id: str, at: datetime, /) -> Sequence[Problem]:
        """Against the customer paying in another currency from `at` on."""

    def against_deletion(self, customer_id: str, at: datetime, /) -> Sequence[Problem]: ...


class CustomerSubscriptions(Protocol):
    """What the subscriptions room tells about customers, for the fields and the filter of the contract."""

    def current(self, customer_ids: Sequence[str], at: datetime) -> Mapping[str, str]:
        """The id of the subscription active at `at`, by customer id."""

    def documents(self, customer_ids: Sequence[str], at: datetime) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """The customers' subscriptions as the contract shows them, by customer id."""

    def subscribers(self, plan_key: str, at: datetime) -> Sequence[str]:
        """Ids of the customers with a subscription of this plan active at `at`."""


@dataclass(frozen=True, slots=True)
class CustomerPorts:
    """Everything a use case of customers may touch inside its transaction."""

    customers: CustomerStore
    subscriptions: CustomerSubscriptions
    guards: Sequence[CustomerGuard]
