"""Installed apps in PostgreSQL."""

import json
from collections.abc import Collection, Mapping
from typing import Any

from meterhouse.billing.installed_app import AppStatus, AppType, InstalledApp
from meterhouse.platform.postgres import Transaction
from meterhouse.platform.sql import queries

_APPS = queries("meterhouse.payments", "apps.sql")
_FIELDS = ("id", "name", "description", "metadata", "config", "created_at", "updated_at", "deleted_at")


class PostgresApps:
    """`meterhouse.payments.ports.AppStore`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def by_ids(self, app_ids: Collection[str]) -> Mapping[str, InstalledApp]:
        rows = self._transaction.fetch_all(_APPS["find_apps"], {"ids": list(app_ids)})
        return {row["id"]: _app_of(row) for row in rows}

    def add(self, app: InstalledApp) -> None:
        self._transaction.execute(_APPS["add_app"], _app_values(app))


def _app_of(row: Mapping[str, Any]) -> InstalledApp:
    known = {name: row[name] for name in _FIELDS}
    return InstalledApp(**known, type=AppType(row["type"]), status=AppStatus(row["status"]))


def _app_values(app: InstalledApp) -> dict[str, Any]:
    return {
        **{name: getattr(app, name) for name in _FIELDS},
        "type": app.type.value,
        "status": app.status.value,
        "metadata": json.dumps(dict(app.metadata)),
        "config": json.dumps(dict(app.config)),
    }
