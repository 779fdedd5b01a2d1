"""Prices, features and their costs over HTTP, on the real stores."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pytest

from meterhouse.billing.for_llmcost import InvoicedRevenues
from meterhouse.catalog.feature import Feature, FeatureSpec
from meterhouse.catalog.postgres import PostgresFeatures
from meterhouse.catalog.unit_cost import UnitCost
from meterhouse.llmcost.api import routes
from meterhouse.llmcost.llm_price import Model
from meterhouse.llmcost.manage_prices import ManagePrices
from meterhouse.llmcost.postgres import PostgresLlmCost
from meterhouse.llmcost.price_list import ListedPrice
from meterhouse.llmcost.priced_usage import PricedUsage
from meterhouse.llmcost.query_cost import QueryCost
from meterhouse.llmcost.report_margins import ReportMargins
from meterhouse.llmcost.sync_prices import NOBODY, Synced, SyncPrices
from meterhouse.llmcost.unknown_models import ListUnknownModels
from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.clickhouse import ClickHouseUsage
from meterhouse.metering.model import MeterSpec
from meterhouse.metering.postgres_directory import directory_of
from meterhouse.metering.query_usage import QueryUsage
from meterhouse.platform import clock
from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.http import http_handler
from meterhouse.platform.postgres import Database, begins
from tests.integration.metering.house import T0, House
from tests.integration.stored import Stored
from tests.unit.llmcost.samples import T
from tests.unit.platform.requests import CONTEXT, request

GROUPS = {"provider": "$.provider", "model": "$.model", "type": "$.type", "length": "$.length", "how": "$.how"}


@dataclass
class Desk(Stored):
    """A namespace whose meters sum tokens."""

    house: House

    def __post_init__(self) -> None:
        store = self.house.store
        self.usage = ClickHouseUsage(store)
        directory = directory_of(self.database)
        asked = QueryUsage(directory, self.usage, clock.now)
        begin = begins(self.database, PostgresLlmCost)
        prices = ManagePrices(begin)
        usage = PricedUsage(begin, directory, asked.query_of, self.usage)
        margins = ReportMargins(begin, usage, InvoicedRevenues(self.database))
        made = routes(prices, QueryCost(begin, usage), margins, ListUnknownModels(begin, usage))
        self.handler = http_handler(*made, database=self.database)

    def feature(self, unit_cost: UnitCost | None, aggregation: Aggregation = Aggregation.SUM) -> Feature:
        """A feature over a new meter of `$.value`."""
        number = len(self.house.meters)
        meter = MeterSpec(
            slug=f"tokens{number}",
            name="Tokens",
            aggregation=aggregation,
            event_type="call",
            value_property="$.value",
            group_by=GROUPS,
        )
        made = self.put_meter(meter, T0)
        self.house.meters.append(made)
        spec = FeatureSpec(f"f{number}", "Tokens", made.slug, unit_cost=unit_cost)
        return self.put_feature(spec, T0, made.id)

    def replace(self, feature: Feature, unit_cost: UnitCost, at: datetime) -> Feature:
        """Archive a feature, and make another of its key with another unit cost."""
        self.write(lambda transaction: PostgresFeatures(transaction).archive(feature.archived(at)))
        return self.put_feature(replace(feature.spec, unit_cost=unit_cost), at, feature.meter_id)

    def __call__(self, method: str, path: str, body: object = None, query: str = "") -> tuple[int, Any]:
        whole = path if path.startswith("/") else f"/api/v3/openmeter/{path}"
        answer = self.handler(request(method, whole, body, query=query, namespace=self.namespace), CONTEXT)
        text = answer.get("body")
        return int(answer["statusCode"]), json.loads(text) if text else None

    def costs(self, feature: Feature, **asked: object) -> list[dict[str, Any]]:
        status, answer = self("POST", f"features/{feature.id}/cost/query", asked)
        assert status == 200, answer
        rows: list[dict[str, Any]] = answer["data"]
        return rows


@pytest.fixture
def desk(database: Database, usage_store: ClickHouse, namespace: str) -> Desk:
    return Desk(database, namespace, House(namespace, usage_store))


class Catalogue(Stored):
    """The prices that all namespaces share."""

    def sync(self, *listed: tuple[str, ListedPrice], at: datetime = T) -> Synced:
        """A run with a list of models of one provider, each with one price."""
        models = [(Model("acme", "Acme", name, name.upper()), [price]) for name, price in listed]
        return SyncPrices(begins(self.database, PostgresLlmCost), lambda: models, lambda: at)()


@pytest.fixture
def catalogue(database: Database) -> Iterator[Catalogue]:
    """Empty, and emptied after the test."""
    shared = Catalogue(database, NOBODY)
    yield shared
    shared.write(lambda transaction: transaction.execute("DELETE FROM llm_prices WHERE namespace = ''"))
