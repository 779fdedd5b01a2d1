"""Features in PostgreSQL, and all stores of the room."""

import json
from collections.abc import Collection
from dataclasses import asdict
from typing import Any

from meterhouse.catalog.document import unit_cost_from_document, unit_cost_to_document
from meterhouse.catalog.feature import Feature, FeatureSpec
from meterhouse.catalog.ports import FeatureFilter, Meters, Slice
from meterhouse.catalog.postgres_addons import PostgresAddons, PostgresPlanAddons
from meterhouse.catalog.postgres_currencies import PostgresCurrencies
from meterhouse.catalog.postgres_page import page_of
from meterhouse.catalog.postgres_plans import PostgresPlans
from meterhouse.catalog.postgres_tax_codes import PostgresTaxCodes
from meterhouse.platform.postgres_transaction import Row, Transaction
from meterhouse.platform.sql import queries

_FEATURES = queries("meterhouse.catalog", "features.sql")


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

    def costed(self) -> list[Feature]:
        """All with a meter and a unit cost, archived or not."""
        return [_feature(row) for row in self._transaction.fetch_all(_FEATURES["costed"])]

    def on_meter(self, meter_id: str) -> list[Feature]:
        """All that stand on the meter, archived or not."""
        return [_feature(row) for row in self._transaction.fetch_all(_FEATURES["on_meter"], {"meter_id": meter_id})]

    def page(self, wanted: FeatureFilter, rows: Slice) -> tuple[list[Feature], int]:
        found, total = page_of(self._transaction, "features", _FEATURES["matching"], asdict(wanted), rows)
        return [_feature(row) for row in found], total

    def add(self, feature: Feature) -> bool:
        return self._transaction.execute(_FEATURES["insert"], _feature_row(feature)) > 0

    def archive(self, feature: Feature) -> None:
        self._transaction.execute(_FEATURES["archive"], _feature_row(feature))


class PostgresCatalog:
    """The room's store in one transaction; meters come from the room below."""

    def __init__(self, transaction: Transaction, meters: Meters) -> None:
        self.features = PostgresFeatures(transaction)
        self.plans = PostgresPlans(transaction)
        self.addons = PostgresAddons(transaction)
        self.plan_addons = PostgresPlanAddons(transaction)
        self.tax_codes = PostgresTaxCodes(transaction)
        self.currencies = PostgresCurrencies(transaction)
        self.meters = meters


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
