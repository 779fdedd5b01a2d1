"""Customers, their usage and their events through the HTTP edge: what one namespace's callers see."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from msgspec import Raw
from msgspec.json import encode

from meterhouse.customers.api import routes as customer_routes
from meterhouse.customers.ports import CustomerPorts
from meterhouse.customers.postgres import PostgresCustomers, PostgresSubjects
from meterhouse.customers.service import CustomerService
from meterhouse.customers.subjects import SubjectService
from meterhouse.metering.api import routes as meter_routes
from meterhouse.metering.clickhouse import ClickHouseUsage
from meterhouse.metering.clickhouse_events import ClickHouseEvents
from meterhouse.metering.clickhouse_metrics import ClickHouseEventCounts
from meterhouse.metering.clickhouse_progress import ClickHouseRunningQueries
from meterhouse.metering.clickhouse_sink import ClickHouseSink
from meterhouse.metering.cloud_event import CloudEvent
from meterhouse.metering.events_api import events_routes
from meterhouse.metering.list_events import ListEvents
from meterhouse.metering.metrics import ShowMetrics
from meterhouse.metering.metrics_api import metrics_routes
from meterhouse.metering.postgres import AllMeters, PostgresMeters
from meterhouse.metering.postgres_directory import directory_of
from meterhouse.metering.progress import FollowProgress
from meterhouse.metering.progress_api import progress_routes
from meterhouse.metering.query_usage import QueryUsage
from meterhouse.metering.record import encode_record
from meterhouse.metering.roll_up import RollUpUsage
from meterhouse.metering.service import MeterService, MeterUse
from meterhouse.metering.sink import LogRecord, SinkEvents
from meterhouse.metering.usage_api import usage_routes
from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.http import http_handler
from meterhouse.platform.ids import new_id
from meterhouse.platform.postgres import Database, begins
from meterhouse.platform.postgres_transaction import Transaction
from meterhouse.subscriptions.for_customers import PostgresCustomerSubscriptions, SubscriptionGuard
from tests.integration.metering.house import T0, House, OwnRollups
from tests.unit.platform.requests import CONTEXT, request

EVENTS, CURSOR_EVENTS = "/api/v1/events", "/api/v2/events"


class People:
    """One namespace: all routes of customers, subjects, meters, usage, events, on the real stores."""

    def __init__(self, database: Database, store: ClickHouse, namespace: str, use: MeterUse | None = None) -> None:
        self.namespace, self.house, self._database = namespace, House(namespace, store), database
        directory = directory_of(database)
        now = self.house.now
        self._handler = http_handler(
            *customer_routes(
                CustomerService(begins(database, _customer_ports)), SubjectService(begins(database, PostgresSubjects))
            ),
            meter_routes(MeterService(begins(database, PostgresMeters), use)),
            usage_routes(QueryUsage(directory, ClickHouseUsage(store), now)),
            events_routes(ListEvents(directory, ClickHouseEvents(store), now)),
            metrics_routes(ShowMetrics(ClickHouseEventCounts(store), now)),
            progress_routes(FollowProgress(ClickHouseRunningQueries(store), now)),
        )

    def send(self, method: str, path: str, body: object = None, **more: Any) -> dict[str, Any]:
        return self._handler(request(method, path, body, **{"namespace": self.namespace, **more}), CONTEXT)

    def __call__(self, method: str, path: str, body: object = None, **more: Any) -> tuple[int, Any]:
        answer = self.send(method, path, body, **more)
        return answer["statusCode"], json.loads(answer["body"]) if answer.get("body") else None

    def sink(self, *events: CloudEvent, ingested_at: datetime = T0) -> None:
        house = self.house
        value = encode_record(self.namespace, Raw(encode(events)), ingested_at)
        record = LogRecord("events", 0, next(house.offsets), self.namespace.encode(), value)
        meters, store = AllMeters(self._database), ClickHouseSink(house.store)
        SinkEvents(meters, store, house, house, now=house.now, new_id=new_id)([record])

    def roll_up(self) -> None:
        while RollUpUsage(OwnRollups(self.house))():
            pass

    def customer(self, key: str | None, *subjects: str) -> str:
        """A new customer's id."""
        body = {"name": key or "Nameless", "usageAttribution": {"subjectKeys": subjects}}
        status, created = self("POST", "/api/v1/customers", body | ({} if key is None else {"key": key}))
        assert status == 201, created
        found: str = created["id"]
        return found

    def usage(self, meter: str, *customers: str) -> dict[str, float]:
        """What each customer used, by id."""
        query = urlencode({"filterCustomerId": customers, "groupBy": "customer_id"}, doseq=True)
        status, result = self("GET", f"/api/v1/meters/{meter}/query", query=query)
        assert status == 200, result
        return {row["customerId"]: row["value"] for row in result["data"]}

    def listed(self, path: str = EVENTS, **parameters: str | Sequence[str]) -> list[dict[str, Any]]:
        status, found = self("GET", path, query=urlencode(parameters, doseq=True))
        assert status == 200, found
        events: list[dict[str, Any]] = found if path == EVENTS else found["items"]
        return events


def _customer_ports(transaction: Transaction) -> CustomerPorts:
    return CustomerPorts(
        PostgresCustomers(transaction), PostgresCustomerSubscriptions(transaction), [SubscriptionGuard(transaction)]
    )
