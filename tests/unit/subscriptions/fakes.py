"""A store in memory whose changes are lost unless the use case commits."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime

from meterhouse.catalog.addon import Addon
from meterhouse.catalog.custom_currency import CurrencyCostBasis, CustomCurrency
from meterhouse.catalog.feature import Feature
from meterhouse.catalog.plan import Plan, PlanStatus
from meterhouse.catalog.plan_addon import PlanAddon
from meterhouse.catalog.tax_code import TaxCode
from meterhouse.customers.model import Customer
from meterhouse.entitlements.holder import Shown
from meterhouse.kernel.errors import Problem
from meterhouse.metering.aggregation import Aggregation
from meterhouse.platform.outbox import DomainEvent
from meterhouse.subscriptions.included import included
from meterhouse.subscriptions.model import Subscription


@dataclass
class FakeSubscriptions:
    by_id: dict[str, Subscription] = field(default_factory=dict)

    def find(self, subscription_id: str) -> Subscription | None:
        found = self.by_id.get(subscription_id)
        return None if found is None or found.deleted_at else found

    def of_customer(self, customer_id: str) -> list[Subscription]:
        mine = [one for one in self.by_id.values() if one.customer_id == customer_id and one.deleted_at is None]
        return sorted(mine, key=lambda one: (one.active_from, one.id))

    def add(self, subscription: Subscription) -> None:
        self.by_id[subscription.id] = subscription

    def update(self, before: Subscription, after: Subscription) -> None:
        assert self.by_id[before.id] == before
        self.by_id[after.id] = after


@dataclass
class FakeCustomers:
    by_id: dict[str, Customer] = field(default_factory=dict)

    def find(self, id_or_key: str) -> Customer | None:
        return next((one for one in self.by_id.values() if id_or_key in {one.id, one.key}), None)

    def update(self, customer: Customer) -> None:
        self.by_id[customer.id] = customer


@dataclass
class FakePlans:
    all: list[Plan] = field(default_factory=list)

    def of_key(self, key: str, version: int | None, at: datetime) -> Plan | None:
        return next((plan for plan in self.all if plan.key == key and self._wanted(plan, version, at)), None)

    def find(self, plan_id: str, /) -> Plan | None:
        return next((plan for plan in self.all if plan.id == plan_id), None)

    @staticmethod
    def _wanted(plan: Plan, version: int | None, at: datetime) -> bool:
        return plan.status(at) is PlanStatus.ACTIVE if version is None else plan.version == version


@dataclass
class FakeAddons:
    by_id: dict[str, Addon] = field(default_factory=dict)

    def find(self, addon_id: str, /) -> Addon | None:
        return self.by_id.get(addon_id)


@dataclass
class FakePlanAddons:
    by_ids: dict[tuple[str, str], PlanAddon] = field(default_factory=dict)

    def find(self, plan_id: str, addon_id: str) -> PlanAddon | None:
        return self.by_ids.get((plan_id, addon_id))


@dataclass
class FakeFeatures:
    by_key: dict[str, Feature] = field(default_factory=dict)

    def by_ids(self, feature_ids: Collection[str]) -> dict[str, Feature]:
        return {feature.id: feature for feature in self.by_key.values() if feature.id in feature_ids}

    def by_keys(self, keys: Collection[str]) -> dict[str, Feature]:
        return {key: self.by_key[key] for key in keys if key in self.by_key}


@dataclass
class FakeMeter:
    aggregation: Aggregation = Aggregation.SUM


class FakeMeters:
    """Every meter sums."""

    def by_ids(self, meter_ids: Collection[str]) -> dict[str, FakeMeter]:
        return {meter_id: FakeMeter() for meter_id in meter_ids}


@dataclass
class FakeTaxCodes:
    codes: dict[str, TaxCode] = field(default_factory=dict)

    def by_ids(self, code_ids: Collection[str]) -> dict[str, TaxCode]:
        return {code_id: self.codes[code_id] for code_id in code_ids if code_id in self.codes}


@dataclass
class FakeCurrencies:
    """Custom currencies by code, and what their units are worth."""

    known: dict[str, CustomCurrency] = field(default_factory=dict)
    bases: list[CurrencyCostBasis] = field(default_factory=list)

    def by_codes(self, codes: Collection[str]) -> dict[str, CustomCurrency]:
        return {code: self.known[code] for code in codes if code in self.known}

    def cost_bases(self, currency_ids: Collection[str]) -> list[CurrencyCostBasis]:
        return [basis for basis in self.bases if basis.currency_id in currency_ids]


@dataclass
class FakeSettings:
    several: bool = False

    def allows_several(self) -> bool:
        return self.several

    def allow_several(self, at: datetime, *, is_allowed: bool) -> bool:  # noqa: ARG002 - the database knows who is over
        self.several = is_allowed
        return True


@dataclass
class FakeGuard:
    problems: list[Problem] = field(default_factory=list)

    def against_editing(self, subscription_id: str, at: datetime) -> list[Problem]:  # noqa: ARG002 - as the port has it
        return self.problems


@dataclass
class FakeEntitlements:
    """The subscriptions that were settled last, by id."""

    settled: dict[str, Subscription] = field(default_factory=dict)

    def settle(self, subscription: Subscription) -> None:
        self.settled[subscription.id] = subscription

    def by_item(self, subscription_id: str) -> dict[str, Shown]:
        assert not included(self.settled[subscription_id]), "shown over the real store"
        return {}


@dataclass
class FakeStore:
    subscriptions: FakeSubscriptions = field(default_factory=FakeSubscriptions)
    customers: FakeCustomers = field(default_factory=FakeCustomers)
    plans: FakePlans = field(default_factory=FakePlans)
    addons: FakeAddons = field(default_factory=FakeAddons)
    plan_addons: FakePlanAddons = field(default_factory=FakePlanAddons)
    features: FakeFeatures = field(default_factory=FakeFeatures)
    settings: FakeSettings = field(default_factory=FakeSettings)
    guards: list[FakeGuard] = field(default_factory=list)
    entitlements: FakeEntitlements = field(default_factory=FakeEntitlements)
    meters: FakeMeters = field(default_factory=FakeMeters)
    tax_codes: FakeTaxCodes = field(default_factory=FakeTaxCodes)
    currencies: FakeCurrencies = field(default_factory=FakeCurrencies)


@dataclass
class FakeWork:
    store: FakeStore
    events: list[DomainEvent] = field(default_factory=list)
    locks: list[tuple[str, ...]] = field(default_factory=list)
    committed: bool = False

    def publish(self, *events: DomainEvent) -> None:
        self.events.extend(events)

    def lock(self, *key: str) -> None:
        self.locks.append(key)

    def commit(self) -> None:
        self.committed = True


@dataclass
class FakeDatabase:
    store: FakeStore = field(default_factory=FakeStore)
    events: list[DomainEvent] = field(default_factory=list)
    locks: list[tuple[str, ...]] = field(default_factory=list)

    @contextmanager
    def begin(self, namespace: str) -> Iterator[FakeWork]:
        assert namespace == "default"
        work = FakeWork(deepcopy(self.store))
        yield work
        self.locks += work.locks
        if work.committed:
            self.store = work.store
            self.events += work.events


def counting(prefix: str) -> Callable[[], str]:
    """Ids one after the other."""
    numbers = iter(range(1, 1000))
    return lambda: f"{prefix}{next(numbers):0{26 - len(prefix)}}"
