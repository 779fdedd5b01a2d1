"""Add-ons, and which plans sell them, in PostgreSQL."""

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from meterhouse.catalog.addon import Addon, AddonSpec, InstanceType
from meterhouse.catalog.document import rate_card_from_document, rate_card_to_document
from meterhouse.catalog.plan import Plan
from meterhouse.catalog.plan_addon import PlanAddon, PlanAddonTerms
from meterhouse.catalog.ports import PlanAddonFilter, Slice
from meterhouse.catalog.postgres_page import page_of, versions_wanted
from meterhouse.catalog.postgres_plans import plan_of
from meterhouse.catalog.postgres_versions import STORED, PostgresVersions, Table, version_row
from meterhouse.platform.postgres_transaction import Row, Transaction
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.catalog", "plan_addons.sql")


class PostgresAddons(PostgresVersions[AddonSpec]):
    def __init__(self, transaction: Transaction) -> None:
        super().__init__(transaction, _ADDONS)


class PostgresPlanAddons:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._addons = PostgresAddons(transaction)

    def of_plans(self, plan_ids: Collection[str]) -> list[PlanAddon]:
        wanted = {"plan_ids": list(plan_ids)}
        return self._assigned(self._transaction.fetch_all(_SQL["of_plans"], wanted)) if plan_ids else []

    def find(self, plan_id: str, addon_id: str) -> PlanAddon | None:
        return self._one("find", plan_id=plan_id, addon_id=addon_id)

    def of_key(self, plan_id: str, addon_key: str) -> PlanAddon | None:
        return self._one("of_key", plan_id=plan_id, key=addon_key)

    def was_sold(self, plan_id: str, addon_id: str) -> bool:
        wanted = {"plan_id": plan_id, "addon_id": addon_id}
        return self._transaction.fetch_one(_SQL["was_sold"], wanted) is not None

    def plans_with(self, addon_id: str, at: datetime) -> list[Plan]:
        rows = self._transaction.fetch_all(_SQL["plans_with"], {"addon_id": addon_id, "at": at})
        return [plan_of(row) for row in rows]

    def page(self, plan_id: str, wanted: PlanAddonFilter, rows: Slice) -> tuple[list[PlanAddon], int]:
        parameters = asdict(wanted) | versions_wanted(wanted.key_versions) | {"plan_id": plan_id}
        found, total = page_of(self._transaction, "plan_addon_versions", _SQL["matching"], parameters, rows)
        return self._assigned(found), total

    def add(self, assigned: PlanAddon) -> bool:
        return self._transaction.execute(_SQL["insert"], _assigned_row(assigned)) > 0

    def update(self, assigned: PlanAddon) -> None:
        self._transaction.execute(_SQL["update"], _assigned_row(assigned))

    def _one(self, query: str, **parameters: object) -> PlanAddon | None:
        row = self._transaction.fetch_one(_SQL[query], parameters)
        return None if row is None else self._assigned([row])[0]

    def _assigned(self, rows: Sequence[Row]) -> list[PlanAddon]:
        addons = self._addons.by_ids({row["addon_id"] for row in rows})
        return [
            PlanAddon(
                id=row["id"],
                plan_id=row["plan_id"],
                addon=addons[row["addon_id"]],
                terms=PlanAddonTerms(row["from_plan_phase"], row["max_quantity"], row["metadata"]),
                created_at=row["created_at"],
                updated_at=row["updated_at"],
                deleted_at=row["deleted_at"],
            )
            for row in rows
        ]


def _assigned_row(assigned: PlanAddon) -> dict[str, Any]:
    terms = assigned.terms
    return {
        "id": assigned.id,
        "plan_id": assigned.plan_id,
        "addon_id": assigned.addon.id,
        "from_plan_phase": terms.from_plan_phase,
        "max_quantity": terms.max_quantity,
        "metadata": json.dumps(dict(terms.metadata)),
        "created_at": assigned.created_at,
        "updated_at": assigned.updated_at,
        "deleted_at": assigned.deleted_at,
    }


def _addon(row: Row) -> Addon:
    spec = AddonSpec(
        name=row["name"],
        description=row["description"],
        currency=row["currency"],
        instance_type=InstanceType(row["instance_type"]),
        rate_cards=tuple(rate_card_from_document(card) for card in row["rate_cards"]),
        metadata=row["metadata"],
    )
    return Addon(row["id"], row["key"], row["version"], spec, **{name: row[name] for name in STORED})


def _addon_row(addon: Addon) -> dict[str, Any]:
    spec = addon.spec
    return version_row(addon) | {
        "name": spec.name,
        "description": spec.description,
        "currency": spec.currency,
        "instance_type": spec.instance_type.value,
        "rate_cards": json.dumps([rate_card_to_document(card) for card in spec.rate_cards]),
        "metadata": json.dumps(spec.metadata),
    }


_ADDONS = Table("addons", ("rate_cards", "$[*]"), _addon, _addon_row)
