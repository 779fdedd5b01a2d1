"""Entitlements, grants and resets in PostgreSQL."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from meterhouse.catalog.postgres import PostgresFeatures
from meterhouse.customers.postgres import PostgresCustomers, PostgresSubjects
from meterhouse.entitlements.entitlement import Entitlement
from meterhouse.entitlements.grant import Grant
from meterhouse.entitlements.ports import EntitlementFilter, EntitlementOrder, GrantFilter, GrantOrder, Slice
from meterhouse.entitlements.rows import entitlement_of, entitlement_values, grant_of, grant_values
from meterhouse.entitlements.usage_period import ManualReset
from meterhouse.metering.postgres import PostgresMeters
from meterhouse.platform.postgres_transaction import Row, Transaction
from meterhouse.platform.sql import queries

_ENTITLEMENTS = queries("meterhouse.entitlements", "entitlements.sql")
_GRANTS = queries("meterhouse.entitlements", "grants.sql")
_SNAPSHOTS = queries("meterhouse.entitlements", "snapshots.sql")
_COLUMNS: dict[EntitlementOrder | GrantOrder, str] = {
    EntitlementOrder.CREATED_AT: "created_at",
    EntitlementOrder.UPDATED_AT: "updated_at",
    GrantOrder.ID: "id",
    GrantOrder.CREATED_AT: "created_at",
    GrantOrder.UPDATED_AT: "updated_at",
}


class PostgresEntitlements:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def find(self, entitlement_id: str) -> Entitlement | None:
        return self._one("find", id=entitlement_id)

    def active(self, customer_id: str, feature_key: str, at: datetime) -> Entitlement | None:
        return self._one("active", customer_id=customer_id, feature_key=feature_key, at=at)

    def not_over(self, customer_id: str, feature_key: str, at: datetime) -> list[Entitlement]:
        wanted = {"customer_id": customer_id, "feature_key": feature_key, "at": at}
        return [entitlement_of(row) for row in self._transaction.fetch_all(_ENTITLEMENTS["not_over"], wanted)]

    def managed_by(self, subscription_id: str) -> list[Entitlement]:
        wanted = {"subscription_id": subscription_id}
        return [entitlement_of(row) for row in self._transaction.fetch_all(_ENTITLEMENTS["managed_by"], wanted)]

    def page(self, wanted: EntitlementFilter, rows: Slice) -> tuple[list[Entitlement], int]:
        parameters = {
            "customer_ids": _listed(wanted.customer_ids),
            "features": _listed(wanted.features),
            "types": _listed(wanted.types),
            "active_at": wanted.active_at,
            "include_deleted": wanted.include_deleted,
        }
        matching = _ENTITLEMENTS["matching"]
        found, total = _page(self._transaction, "entitlement_details", matching, parameters, rows)
        return [entitlement_of(row) for row in found], total

    def add(self, entitlement: Entitlement) -> None:
        self._transaction.execute(_ENTITLEMENTS["add"], entitlement_values(entitlement))

    def update(self, entitlement: Entitlement) -> None:
        self._transaction.execute(_ENTITLEMENTS["update"], entitlement_values(entitlement))

    def add_reset(self, entitlement_id: str, reset: ManualReset, created_at: datetime) -> None:
        values = {
            "entitlement_id": entitlement_id,
            "at": reset.at,
            "anchor": reset.anchor,
            "preserves_overage": reset.preserves_overage,
            "created_at": created_at,
        }
        self._transaction.execute(_ENTITLEMENTS["add_reset"], values)

    def _one(self, query: str, **parameters: str | datetime) -> Entitlement | None:
        row = self._transaction.fetch_one(_ENTITLEMENTS[query], parameters)
        return None if row is None else entitlement_of(row)


class PostgresGrants:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def find(self, grant_id: str) -> Grant | None:
        row = self._transaction.fetch_one(_GRANTS["find"], {"id": grant_id})
        return None if row is None else grant_of(row)

    def of_entitlement(self, entitlement_id: str) -> list[Grant]:
        wanted = {"entitlement_id": entitlement_id}
        return [grant_of(row) for row in self._transaction.fetch_all(_GRANTS["of_entitlement"], wanted)]

    def page(self, wanted: GrantFilter, rows: Slice) -> tuple[list[Grant], int]:
        parameters = {
            "at": wanted.at,
            "entitlement_id": wanted.entitlement_id,
            "customer_ids": _listed(wanted.customer_ids),
            "features": _listed(wanted.features),
            "include_deleted": wanted.include_deleted,
        }
        found, total = _page(self._transaction, "grants", _GRANTS["matching"], parameters, rows)
        return [grant_of(row) for row in found], total

    def add(self, grants: Iterable[Grant]) -> None:
        self._transaction.execute_many(_GRANTS["add"], map(grant_values, grants))

    def void(self, grant: Grant) -> None:
        self._transaction.execute(_GRANTS["void"], grant_values(grant))


class PostgresSnapshots:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def forget_after(self, entitlement_id: str, at: datetime, changes: int) -> None:
        change = {"entitlement_id": entitlement_id, "at": at, "changes": changes}
        self._transaction.execute(_SNAPSHOTS["forget"], change)
        self._transaction.execute(_SNAPSHOTS["keep"], change)


class PostgresStore:
    """What this room's use cases touch inside one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self.entitlements = PostgresEntitlements(transaction)
        self.grants = PostgresGrants(transaction)
        self.snapshots = PostgresSnapshots(transaction)
        self.customers = PostgresCustomers(transaction)
        self.subjects = PostgresSubjects(transaction)
        self.features = PostgresFeatures(transaction)
        self.meters = PostgresMeters(transaction)


def _listed(values: Iterable[str] | None) -> list[str] | None:
    return None if values is None else [str(value) for value in values]


def _page(
    transaction: Transaction, table: str, matching: str, parameters: dict[str, Any], rows: Slice
) -> tuple[list[Row], int]:
    count = transaction.fetch_one(f"SELECT count(*) FROM {table} WHERE {matching}", parameters)
    direction = "DESC" if rows.descending else "ASC"
    found = transaction.fetch_all(
        f"SELECT * FROM {table} WHERE {matching} ORDER BY {_COLUMNS[rows.order_by]} {direction}, id {direction}"
        " LIMIT %(limit)s OFFSET %(offset)s",
        parameters | {"limit": rows.limit, "offset": rows.offset},
    )
    return found, count["count"] if count else 0
