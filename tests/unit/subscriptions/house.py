"""The use cases over a store in memory."""

from dataclasses import replace
from datetime import datetime

import pytest

from meterhouse.catalog.plan import Plan, PlanSpec
from meterhouse.customers.model import Customer, CustomerDetails
from meterhouse.kernel.errors import Conflict, InvalidInput
from meterhouse.subscriptions.create import NewSubscription
from meterhouse.subscriptions.model import Subscription
from meterhouse.subscriptions.sale import PlanChoice
from meterhouse.subscriptions.service import SubscriptionService
from tests.unit.subscriptions.fakes import FakeDatabase, counting
from tests.unit.subscriptions.samples import CUSTOMER_ID, at, fee, phase, spec

NOW = at("2021-03-20")
PUBLISHED = at("2021-03-01")
PLAN_ID = "01HZ0000000000000000000009"
WANTED = NewSubscription(customer=CUSTOMER_ID, plan=PlanChoice("plan"), timing=at("2021-01-01"))
ONE_AT_A_TIME = "only_single_subscription_allowed_per_customer_at_a_time"


class Clock:
    now = NOW

    def __call__(self) -> datetime:
        return self.now


class House:
    """The use cases over a store with one customer and a published plan."""

    def __init__(self) -> None:
        self.database = FakeDatabase()
        self.clock = Clock()
        self.service = SubscriptionService(self.database.begin, self.clock, counting("01HZ"))
        self.customer(CustomerDetails(name="Ann", key="ann"))
        self.plan(spec(phase("default", None, fee())))

    def customer(self, details: CustomerDetails) -> None:
        self.database.store.customers.update(Customer(CUSTOMER_ID, details, NOW, NOW))

    def plan(self, sold: PlanSpec, *, version: int = 1, published: datetime | None = PUBLISHED) -> None:
        plan = Plan(PLAN_ID, "plan", version, sold, NOW, NOW, effective_from=published)
        self.database.store.plans.all.append(plan)

    def next_version(self, sold: PlanSpec) -> None:
        """Put it on sale in place of the last one."""
        *earlier, last = self.database.store.plans.all
        self.database.store.plans.all = [*earlier, replace(last, effective_to=self.clock())]
        self.plan(sold, version=last.version + 1)

    def currency(self) -> str | None:
        return self.database.store.customers.by_id[CUSTOMER_ID].currency

    def subscribe(self, wanted: NewSubscription = WANTED) -> Subscription:
        return self.service.create("default", wanted)


def codes(refused: pytest.ExceptionInfo[InvalidInput] | pytest.ExceptionInfo[Conflict]) -> list[tuple[str, str]]:
    return [(problem.field, problem.code) for problem in refused.value.problems]
