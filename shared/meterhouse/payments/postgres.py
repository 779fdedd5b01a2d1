"""Installed apps, and what they know of customers, in PostgreSQL."""

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from meterhouse.billing.for_payments import PostgresAppUse
from meterhouse.billing.installed_app import AppStatus, AppType, InstalledApp
from meterhouse.billing.paging import paged
from meterhouse.billing.ports import PageOf
from meterhouse.customers.postgres import PostgresCustomers
from meterhouse.payments.customer_data import CustomerData
from meterhouse.payments.documents import config_from_document, config_to_document, facts_from_document, to_document
from meterhouse.platform.postgres_transaction import Row, Transaction
from meterhouse.platform.sql import queries

_APPS = queries("meterhouse.payments", "apps.sql")
_CUSTOMERS = queries("meterhouse.payments", "customer_apps.sql")
_FIELDS = ("id", "name", "description", "metadata", "created_at", "updated_at", "deleted_at")


class PostgresApps:
    """`meterhouse.payments.ports.Apps`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def by_ids(self, app_ids: Collection[str]) -> Mapping[str, InstalledApp]:
        rows = self._transaction.fetch_all(_APPS["find_apps"], {"ids": list(app_ids)})
        return {row["id"]: _app_of(row) for row in rows}

    def of_type(self, kind: AppType) -> list[InstalledApp]:
        return [_app_of(row) for row in self._transaction.fetch_all(_APPS["apps_of_type"], {"type": kind.value})]

    def page(self, page: PageOf) -> tuple[list[InstalledApp], int]:
        rows, total = paged(self._transaction, _APPS["live"], {}, page, "created_at")
        return [_app_of(row) for row in rows], total

    def add(self, app: InstalledApp) -> None:
        self._transaction.execute(_APPS["add_app"], _app_values(app))

    def refuse(self, app: InstalledApp, at: datetime) -> bool:
        wanted = {"id": app.id, "read_at": app.updated_at, "at": at}
        return self._transaction.execute(_APPS["refuse_app"], wanted) > 0

    def save(self, app: InstalledApp) -> None:
        self._transaction.execute(_APPS["save_app"], _app_values(app))


class PostgresCustomerData:
    """`meterhouse.payments.ports.CustomersOfApps`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def of_customer(self, customer_id: str) -> list[CustomerData]:
        rows = self._transaction.fetch_all(_CUSTOMERS["of_customer"], {"customer_id": customer_id})
        return [_data_of(row) for row in rows]

    def of_stripe_customer(self, app_id: str, stripe_customer_id: str) -> CustomerData | None:
        wanted = {"app_id": app_id, "stripe_customer_id": stripe_customer_id}
        row = self._transaction.fetch_one(_CUSTOMERS["of_stripe_customer"], wanted)
        return None if row is None else _data_of(row)

    def put(self, data: CustomerData) -> None:
        names = ("customer_id", "app_id", "created_at", "updated_at")
        values = {name: getattr(data, name) for name in names}
        self._transaction.execute(_CUSTOMERS["put"], values | {"data": json.dumps(to_document(data.facts))})

    def remove(self, customer_id: str, app_id: str) -> bool:
        wanted = {"customer_id": customer_id, "app_id": app_id}
        return self._transaction.execute(_CUSTOMERS["remove"], wanted) > 0


class PostgresPayments:
    """`meterhouse.payments.ports.PaymentsStore`."""

    def __init__(self, transaction: Transaction) -> None:
        self.apps = PostgresApps(transaction)
        self.use = PostgresAppUse(transaction)
        self.data = PostgresCustomerData(transaction)
        self.customers = PostgresCustomers(transaction)


def _app_of(row: Row) -> InstalledApp:
    kind = AppType(row["type"])
    known = {name: row[name] for name in _FIELDS}
    config = config_from_document(kind, row["config"])
    return InstalledApp(**known, type=kind, status=AppStatus(row["status"]), config=config)


def _app_values(app: InstalledApp) -> dict[str, Any]:
    return {
        **{name: getattr(app, name) for name in _FIELDS},
        "type": app.type.value,
        "status": app.status.value,
        "metadata": json.dumps(dict(app.metadata)),
        "config": json.dumps(config_to_document(app.config)),
    }


def _data_of(row: Row) -> CustomerData:
    facts = facts_from_document(row["data"])
    return CustomerData(row["customer_id"], row["app_id"], facts, row["created_at"], row["updated_at"])
