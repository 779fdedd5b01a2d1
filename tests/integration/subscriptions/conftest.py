"""The room's routes over the real database, at an instant the test sets."""

import json
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from meterhouse.catalog.addon import Addon, AddonSpec, InstanceType
from meterhouse.catalog.feature import Feature, FeatureSpec
from meterhouse.catalog.plan import Plan, PlanSpec
from meterhouse.catalog.plan_addon import PlanAddon, PlanAddonTerms
from meterhouse.catalog.postgres import PostgresFeatures
from meterhouse.catalog.postgres_addons import PostgresAddons, PostgresPlanAddons
from meterhouse.catalog.postgres_plans import PostgresPlans
from meterhouse.catalog.rate_card import RateCard
from meterhouse.customers.model import Customer, CustomerDetails
from meterhouse.customers.postgres import PostgresCustomers
from meterhouse.entitlements.api import management_routes
from meterhouse.entitlements.management import management
from meterhouse.entitlements.postgres import PostgresStore as PostgresEntitlementStore
from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.model import MeterSpec, new_meter
from meterhouse.metering.postgres import PostgresMeters
from meterhouse.platform.http import HttpHandler, http_handler
from meterhouse.platform.ids import new_id
from meterhouse.platform.postgres import Database, begins
from meterhouse.subscriptions.addon_api import addon_routes
from meterhouse.subscriptions.addon_service import AddonService
from meterhouse.subscriptions.api import routes
from meterhouse.subscriptions.change_api import change_routes
from meterhouse.subscriptions.of_plan import ListSubscriptions
from meterhouse.subscriptions.of_plan_api import of_plan_routes
from meterhouse.subscriptions.postgres import PostgresStore
from meterhouse.subscriptions.postgres_of_plan import PostgresSubscribers
from meterhouse.subscriptions.service import SubscriptionService
from tests.unit.platform.requests import CONTEXT, request
from tests.unit.subscriptions.samples import at, fee, metered, phase, spec, usage

PUBLISHED = at("2021-01-01")


@dataclass
class Api:
    """A namespace with a feature, a plan and the customer "ann"; `now` is the clock."""

    database: Database
    namespace: str
    now: datetime = field(default_factory=lambda: at("2021-03-20"))
    handler: HttpHandler = field(init=False)

    def __post_init__(self) -> None:
        begin = begins(self.database, PostgresStore)
        service = SubscriptionService(begin, self.clock)
        of_plan = ListSubscriptions(begins(self.database, PostgresSubscribers), self.clock)
        entitled = management(begins(self.database, PostgresEntitlementStore), self.clock)
        self.handler = http_handler(
            routes(service, self.clock),
            change_routes(service, self.clock),
            addon_routes(AddonService(begin, self.clock), self.clock),
            of_plan_routes(of_plan, self.clock),
            *management_routes(entitled, self.clock),
            database=self.database,
        )
        self.feature("usage")
        self.plan(spec(phase("trial", "P2W", fee()), phase("paid", None, fee(), replace(usage(), feature_key="usage"))))
        self.customer = self.add_customer("ann")

    def clock(self) -> datetime:
        return self.now

    def feature(self, key: str) -> None:
        with self.database.transaction(self.namespace) as transaction:
            meter = new_meter(new_id(), MeterSpec(key, Aggregation.SUM, key, key.title(), "$.value"), PUBLISHED)
            PostgresMeters(transaction).add(meter)
            made = Feature(new_id(), FeatureSpec(key, key.title(), key), PUBLISHED, PUBLISHED, meter_id=meter.id)
            PostgresFeatures(transaction).add(made)
            transaction.commit()

    def plan(self, sold: PlanSpec, key: str = "plan") -> None:
        with self.database.transaction(self.namespace) as transaction:
            plan = Plan(new_id(), key, 1, sold, PUBLISHED, PUBLISHED, effective_from=PUBLISHED)
            PostgresPlans(transaction).add(plan)
            transaction.commit()

    def addon(self, *cards: RateCard, terms: PlanAddonTerms | None, plan: str = "plan", **fields: Any) -> str:
        """The id of an add-on on sale; with terms the plan sells it."""
        spec = AddonSpec("Add-on", "USD", InstanceType.MULTIPLE, cards)
        made = Addon(new_id(), f"addon_{new_id().lower()}", 1, replace(spec, **fields), PUBLISHED, PUBLISHED, PUBLISHED)
        with self.database.transaction(self.namespace) as transaction:
            PostgresAddons(transaction).add(made)
            sold_with = PostgresPlans(transaction).of_key(plan, 1, PUBLISHED)
            if terms is not None and sold_with is not None:
                assigned = PlanAddon(new_id(), sold_with.id, made, terms, PUBLISHED, PUBLISHED)
                PostgresPlanAddons(transaction).add(assigned)
            transaction.commit()
        return made.id

    def next_version(self, sold: PlanSpec, key: str = "plan") -> None:
        """Put it on sale in place of the one that is."""
        with self.database.transaction(self.namespace) as transaction:
            plans = PostgresPlans(transaction)
            last = plans.of_key(key, None, self.now)
            assert last is not None
            plans.update(replace(last, effective_to=self.now))
            plans.add(Plan(new_id(), key, last.version + 1, sold, self.now, self.now, effective_from=self.now))
            transaction.commit()

    def sell_still(self, addon_id: str, terms: PlanAddonTerms, key: str) -> None:
        """The version that is on sale sells the add-on, too."""
        with self.database.transaction(self.namespace) as transaction:
            plan, addon = (
                PostgresPlans(transaction).of_key(key, None, self.now),
                PostgresAddons(transaction).find(addon_id),
            )
            assert plan is not None
            assert addon is not None
            PostgresPlanAddons(transaction).add(PlanAddon(new_id(), plan.id, addon, terms, PUBLISHED, PUBLISHED))
            transaction.commit()

    def add_customer(self, key: str, currency: str | None = None) -> str:
        with self.database.transaction(self.namespace) as transaction:
            details = CustomerDetails(name=key.title(), key=key, currency=currency)
            customer = Customer(new_id(), details, PUBLISHED, PUBLISHED)
            PostgresCustomers(transaction).add(customer)
            transaction.commit()
        return customer.id

    def call(
        self, method: str, path: str, body: object = None, *, query: str = "", namespace: str | None = None
    ) -> tuple[int, Any]:
        event = request(method, path, body, query=query, namespace=namespace or self.namespace)
        answer = self.handler(event, CONTEXT)
        text = answer.get("body")
        return int(answer["statusCode"]), json.loads(text, parse_float=Decimal) if text else None

    def ok(self, method: str, path: str, body: object = None, **more: str) -> Any:
        """The answer of a call that must succeed."""
        status, answer = self.call(method, path, body, **more)
        assert status < 300, answer
        return answer

    def subscribe(self, **fields: object) -> dict[str, Any]:
        body = {"plan": {"key": "plan"}, "customerKey": "ann", "timing": "2021-01-10T00:00:00Z"} | fields
        status, answer = self.call("POST", "/api/v1/subscriptions", body)
        assert status == 201, answer
        made: dict[str, Any] = answer
        return made


@pytest.fixture
def api(database: Database, namespace: str) -> Api:
    return Api(database, namespace)


@pytest.fixture
def sold(api: Api) -> Api:
    """Its plan "sold": a month of trial, then for good; in both a fee of 20 and usage with 100 included."""
    cards = [fee(), metered("100")]
    api.plan(spec(phase("trial", "P1M", *cards), phase("paid", None, *cards)), key="sold")
    api.now = at("2021-01-20")
    return api
