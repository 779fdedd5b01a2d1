"""Features and plans in PostgreSQL."""

import json
from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime
from typing import Any

from meterhouse.catalog.document import (
    phase_from_document,
    phase_to_document,
    unit_cost_from_document,
    unit_cost_to_document,
)
from meterhouse.catalog.feature import Feature, FeatureSpec
from meterhouse.catalog.plan import Plan, PlanSpec, SettlementMode
from meterhouse.catalog.ports import FeatureFilter, FeatureOrder, Meters, PlanFilter, PlanOrder, Slice
from meterhouse.kernel.cadence import Cadence
from meterhouse.platform.postgres import Row, Transaction
from meterhouse.platform.sql import queries

_FEATURES = queries("meterhouse.catalog", "features.sql")
_PLANS = queries("meterhouse.catalog", "plans.sql")
_COLUMNS: dict[FeatureOrder | PlanOrder, str] = {
    FeatureOrder.CREATED_AT: "created_at",
    FeatureOrder.UPDATED_AT: "updated_at",
}


class PostgresFeatures:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def find(self, id_or_key: str) -> Feature | None:
        row = self._transaction.fetch_one(_FEATURES["find"], {"id_or_key": id_or_key})
        return None if row is None else _feature(row)

    def by_keys(self, keys: Collection[str]) -> dict[str, Feature]:
        rows = self._transaction.fetch_all(_FEATURES["by_keys"], {"keys": list(keys)}) if keys else []
        return {row["key"]: _feature(row) for row in rows}

    def by_ids(self, feature_ids: Collection[str]) -> dict[str, Feature]:
        """Features by id, archived ones too."""
        rows = self._transaction.fetch_all(_FEATURES["by_ids"], {"ids": list(feature_ids)}) if feature_ids else []
        return {row["id"]: _feature(row) for row in rows}

    def on_meter(self, meter_id: str) -> list[Feature]:
        """All that stand on the meter, archived or not."""
        return [_feature(row) for row in self._transaction.fetch_all(_FEATURES["on_meter"], {"meter_id": meter_id})]

    def page(self, wanted: FeatureFilter, rows: Slice) -> tuple[list[Feature], int]:
        found, total = _page(self._transaction, "features", _FEATURES["matching"], asdict(wanted), rows)
        return [_feature(row) for row in found], total

    def add(self, feature: Feature) -> bool:
        return self._transaction.execute(_FEATURES["insert"], _feature_row(feature)) > 0

    def archive(self, feature: Feature) -> None:
        self._transaction.execute(_FEATURES["archive"], _feature_row(feature))


class PostgresPlans:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def find(self, plan_id: str) -> Plan | None:
        return self._one("find", id=plan_id)

    def of_key(self, key: str, version: int | None, at: datetime) -> Plan | None:
        return (
            self._one("on_sale", key=key, at=at) if version is None else self._one("version", key=key, version=version)
        )

    def latest(self, key: str) -> Plan | None:
        return self._one("latest", key=key)

    def draft(self, key: str) -> Plan | None:
        return self._one("draft", key=key)

    def last_version(self, key: str) -> int:
        row = self._transaction.fetch_one(_PLANS["last_version"], {"key": key})
        return row["version"] if row else 0

    def selling(self, feature_key: str, at: datetime) -> list[Plan]:
        rows = self._transaction.fetch_all(_PLANS["selling"], {"feature_key": feature_key, "at": at})
        return [_plan(row) for row in rows]

    def page(self, wanted: PlanFilter, rows: Slice) -> tuple[list[Plan], int]:
        pairs = [(key, version) for key, versions in (wanted.key_versions or {}).items() for version in versions]
        parameters = asdict(wanted) | {
            "version_keys": [key for key, _ in pairs] if wanted.key_versions else None,
            "versions": [version for _, version in pairs],
            "statuses": None if wanted.statuses is None else [status.value for status in wanted.statuses],
        }
        found, total = _page(self._transaction, "plans", _PLANS["matching"], parameters, rows)
        return [_plan(row) for row in found], total

    def add(self, plan: Plan) -> None:
        self._transaction.execute(_PLANS["insert"], _plan_row(plan))

    def update(self, plan: Plan) -> None:
        self._transaction.execute(_PLANS["update"], _plan_row(plan))

    def _one(self, query: str, **parameters: str | int | datetime) -> Plan | None:
        row = self._transaction.fetch_one(_PLANS[query], parameters)
        return None if row is None else _plan(row)


class PostgresCatalog:
    """The room's store in one transaction; meters come from the room below."""

    def __init__(self, transaction: Transaction, meters: Meters) -> None:
        self.features = PostgresFeatures(transaction)
        self.plans = PostgresPlans(transaction)
        self.meters = meters


def _page(
    transaction: Transaction, table: str, matching: str, parameters: dict[str, Any], rows: Slice
) -> tuple[list[Row], int]:
    count = transaction.fetch_one(f"SELECT count(*) FROM {table} WHERE {matching}", parameters)
    column = _COLUMNS.get(rows.order_by, rows.order_by.value)
    direction = "DESC" if rows.descending else "ASC"
    found = transaction.fetch_all(
        f"SELECT * FROM {table} WHERE {matching} ORDER BY {column} {direction}, id {direction}"
        " LIMIT %(limit)s OFFSET %(offset)s",
        parameters | {"limit": rows.limit, "offset": rows.offset},
    )
    return found, count["count"] if count else 0


def _feature(row: Row) -> Feature:
    spec = FeatureSpec(
        key=row["key"],
        name=row["name"],
        meter_slug=row["meter_slug"],
        filters=row["filters"],
        unit_cost=None if row["unit_cost"] is None else unit_cost_from_document(row["unit_cost"]),
        metadata=row["metadata"],
    )
    return Feature(row["id"], spec, row["created_at"], row["updated_at"], row["meter_id"], row["archived_at"])


def _feature_row(feature: Feature) -> dict[str, Any]:
    cost = feature.spec.unit_cost
    return {
        "id": feature.id,
        "key": feature.key,
        "name": feature.spec.name,
        "meter_id": feature.meter_id,
        "meter_slug": feature.spec.meter_slug,
        "filters": json.dumps(feature.spec.filters),
        "unit_cost": None if cost is None else json.dumps(unit_cost_to_document(cost)),
        "metadata": json.dumps(feature.spec.metadata),
        "created_at": feature.created_at,
        "updated_at": feature.updated_at,
        "archived_at": feature.archived_at,
    }


def _plan(row: Row) -> Plan:
    spec = PlanSpec(
        name=row["name"],
        description=row["description"],
        currency=row["currency"],
        billing_cadence=Cadence.parse(row["billing_cadence"]),
        phases=tuple(phase_from_document(phase) for phase in row["phases"]),
        is_prorated=row["is_prorated"],
        settlement_mode=SettlementMode(row["settlement_mode"]),
        metadata=row["metadata"],
    )
    stored = ("effective_from", "effective_to", "created_at", "updated_at", "deleted_at")
    return Plan(row["id"], row["key"], row["version"], spec, **{name: row[name] for name in stored})


def _plan_row(plan: Plan) -> dict[str, Any]:
    spec = plan.spec
    return {
        "id": plan.id,
        "key": plan.key,
        "version": plan.version,
        "name": spec.name,
        "description": spec.description,
        "currency": spec.currency,
        "billing_cadence": spec.billing_cadence.iso(),
        "is_prorated": spec.is_prorated,
        "settlement_mode": spec.settlement_mode.value,
        "phases": json.dumps([phase_to_document(phase) for phase in spec.phases]),
        "metadata": json.dumps(spec.metadata),
        "effective_from": plan.effective_from,
        "effective_to": plan.effective_to,
        "created_at": plan.created_at,
        "updated_at": plan.updated_at,
        "deleted_at": plan.deleted_at,
    }
