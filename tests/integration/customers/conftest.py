from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from meterhouse.customers.ports import CustomerPorts
from meterhouse.customers.postgres import PostgresCustomers
from meterhouse.customers.service import CustomerService
from meterhouse.kernel.errors import Problem
from meterhouse.platform.postgres import Database, begins
from meterhouse.platform.postgres_transaction import Transaction

START = datetime(2026, 1, 1, tzinfo=UTC)


def ticking() -> Callable[[], datetime]:
    """A clock that moves one second at every reading."""
    seconds = count()
    return lambda: START + timedelta(seconds=next(seconds))


@dataclass
class FakeGuard:
    """A room above that has something against changes of the customers named."""

    subscribed: set[str] = field(default_factory=set)
    owing: set[str] = field(default_factory=set)

    def against_other_subjects(self, customer_id: str, at: datetime) -> Sequence[Problem]:
        assert at.tzinfo is not None
        return [Problem("", "active_subscription", "subscribed")] if customer_id in self.subscribed else []

    def against_other_currency(self, customer_id: str, at: datetime) -> Sequence[Problem]:
        return self.against_other_subjects(customer_id, at)

    def against_deletion(self, customer_id: str, at: datetime) -> Sequence[Problem]:
        owed = [Problem("", "open_invoice", "an invoice is open")] if customer_id in self.owing else []
        return [*self.against_other_subjects(customer_id, at), *owed]


@dataclass
class FakeSubscriptions:
    """Subscriptions by customer id: (subscription id, plan key)."""

    held: dict[str, tuple[str, str]] = field(default_factory=dict)

    def current(self, customer_ids: Sequence[str], at: datetime) -> Mapping[str, str]:
        assert at.tzinfo is not None
        return {customer: self.held[customer][0] for customer in customer_ids if customer in self.held}

    def documents(self, customer_ids: Sequence[str], at: datetime) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        return {customer: [{"id": found}] for customer, found in self.current(customer_ids, at).items()}

    def subscribers(self, plan_key: str, at: datetime) -> Sequence[str]:
        assert at.tzinfo is not None
        return [customer for customer, (_, plan) in self.held.items() if plan == plan_key]


@pytest.fixture
def subscriptions() -> FakeSubscriptions:
    return FakeSubscriptions()


@pytest.fixture
def guard() -> FakeGuard:
    return FakeGuard()


@pytest.fixture
def customers(database: Database, subscriptions: FakeSubscriptions, guard: FakeGuard) -> CustomerService:
    def ports(transaction: Transaction) -> CustomerPorts:
        return CustomerPorts(PostgresCustomers(transaction), subscriptions, [guard])

    return CustomerService(begins(database, ports), now=ticking())
