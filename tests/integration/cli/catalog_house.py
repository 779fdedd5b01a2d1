"""The product's own routes over the real database, behind the small endpoint's socket."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any
from urllib.parse import urlencode

from meterhouse.catalog.addon_service import AddonSale, AddonService
from meterhouse.catalog.api import routes as catalog_routes
from meterhouse.catalog.change_steps import Cast
from meterhouse.catalog.feature_service import FeatureService
from meterhouse.catalog.for_meters import PostgresMeterUse
from meterhouse.catalog.plan_addon_service import PlanAddonService
from meterhouse.catalog.plan_sale import PlanSale
from meterhouse.catalog.plan_service import PlanService
from meterhouse.catalog.postgres import PostgresCatalog
from meterhouse.catalog.rehearse_api import rehearse_routes
from meterhouse.customers.model import Customer, CustomerDetails
from meterhouse.customers.postgres import PostgresCustomers
from meterhouse.metering.api import routes as meter_routes
from meterhouse.metering.postgres import PostgresMeters
from meterhouse.metering.service import MeterService
from meterhouse.platform.http import HttpHandler, http_handler
from meterhouse.platform.ids import new_id
from meterhouse.platform.postgres import Database, begins
from meterhouse.platform.postgres_transaction import Transaction
from meterhouse.subscriptions.api import routes as subscription_routes
from meterhouse.subscriptions.of_plan import ListSubscriptions
from meterhouse.subscriptions.of_plan_api import of_plan_routes
from meterhouse.subscriptions.postgres import PostgresStore
from meterhouse.subscriptions.postgres_of_plan import PostgresSubscribers
from meterhouse.subscriptions.service import SubscriptionService
from tests.integration.cli.endpoint import Answer, Asked
from tests.unit.platform.requests import CONTEXT, request

WRITES = {"POST", "PUT", "DELETE"}
REHEARSAL = "/api/v1/catalog/rehearsal"


def catalog(transaction: Transaction) -> PostgresCatalog:
    return PostgresCatalog(transaction, PostgresMeters(transaction))


@dataclass
class CatalogHouse:
    """A namespace behind its routes.

    Attributes:
        stop: called with each write that is asked for, the rehearsal apart, and how many were before it; True: the
            connection is lost before the write, "after": behind it.
    """

    database: Database
    namespace: str
    at: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    writes: list[tuple[str, str]] = field(default_factory=list)
    stop: Callable[[int], bool | str] = lambda _: False
    handler: HttpHandler = field(init=False)
    _alone: Any = field(default_factory=Lock)

    def __post_init__(self) -> None:
        database = self.database
        begin = begins(database, catalog)
        meters = MeterService(begins(database, PostgresMeters), PostgresMeterUse(database), now=self.now)
        cast = Cast(
            meters,
            FeatureService(begin, self.now),
            AddonService(begin, self.now),
            AddonSale(begin, self.now),
            PlanService(begin, self.now),
            PlanSale(begin, self.now),
            PlanAddonService(begin, self.now),
        )
        self.handler = http_handler(
            meter_routes(meters),
            *catalog_routes(cast.features, cast.plans, cast.plan_sale, cast.addons, cast.addon_sale, cast.plan_addons),
            rehearse_routes(begin, cast),
            subscription_routes(SubscriptionService(begins(database, PostgresStore), self.now), self.now),
            of_plan_routes(ListSubscriptions(begins(database, PostgresSubscribers), self.now), self.now),
            database=database,
        )

    def now(self) -> datetime:
        self.at += timedelta(milliseconds=1)
        return self.at

    def answer(self, asked: Asked) -> Answer | None:
        lost: Answer = (0, {}, "")
        if asked.method in WRITES and asked.path != REHEARSAL:
            how = self.stop(len(self.writes))
            if how is True:
                return lost
            self.writes.append((asked.method, asked.path))
            answered = self._handle(asked)
            return lost if how == "after" else answered
        return self._handle(asked)

    def _handle(self, asked: Asked) -> Answer:
        query = urlencode(asked.query, doseq=True)
        body = asked.body.decode() or None
        with self._alone:
            answered = self.handler(
                request(asked.method, asked.path, body, query=query, namespace=self.namespace), CONTEXT
            )
        headers = {name: str(value) for name, value in (answered.get("headers") or {}).items()}
        headers = {name: value for name, value in headers.items() if name.lower() != "content-length"}
        return answered["statusCode"], headers, answered.get("body") or ""

    def call(self, method: str, path: str, body: object = None, *, query: str = "") -> Any:
        """The answer of a success, as someone else's request."""
        answered = self.handler(request(method, path, body, query=query, namespace=self.namespace), CONTEXT)
        assert answered["statusCode"] < 300, answered["body"]
        return json.loads(answered["body"]) if answered.get("body") else None

    def customer(self, key: str) -> str:
        with self.database.transaction(self.namespace) as transaction:
            customer = Customer(new_id(), CustomerDetails(name=key.title(), key=key), self.at, self.at)
            PostgresCustomers(transaction).add(customer)
            transaction.commit()
        return customer.id
