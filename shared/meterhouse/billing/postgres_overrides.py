"""Customer overrides in PostgreSQL; their list reads the customers room's table in the same statement."""

from collections.abc import Collection
from dataclasses import asdict

from meterhouse.billing.override import CustomerOverride, OverrideFilter, OverrideOrder
from meterhouse.billing.paging import paged
from meterhouse.billing.ports import PageOf
from meterhouse.billing.postgres_profiles import profile_of
from meterhouse.billing.profile import Profile
from meterhouse.customers.model import Customer
from meterhouse.customers.postgres import customer_of
from meterhouse.platform.postgres_transaction import Row, Transaction
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.billing", "overrides.sql")
_ORDER = {
    OverrideOrder.CUSTOMER_ID: "c.id",
    OverrideOrder.CUSTOMER_NAME: "c.name",
    OverrideOrder.CUSTOMER_KEY: "c.key",
    OverrideOrder.CUSTOMER_PRIMARY_EMAIL: "c.primary_email",
    OverrideOrder.CUSTOMER_CREATED_AT: "c.created_at",
}


class PostgresOverrides:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def of_customers(self, customer_ids: Collection[str]) -> dict[str, CustomerOverride]:
        rows = self._transaction.fetch_all(_SQL["overrides_of_customers"], {"customer_ids": list(customer_ids)})
        return {row["customer_id"]: _override(row) for row in rows}

    def save(self, override: CustomerOverride) -> None:
        self._transaction.execute(_SQL["save_override"], asdict(override))

    def remove(self, customer_id: str) -> bool:
        return self._transaction.execute(_SQL["remove_override"], {"customer_id": customer_id}) > 0

    def pinned(self, customer_ids: Collection[str]) -> dict[str, Profile]:
        rows = self._transaction.fetch_all(_SQL["pinned"], {"customer_ids": list(customer_ids)})
        return {row["customer_id"]: profile_of(row) for row in rows}

    def is_pinned(self, profile_id: str) -> bool:
        return self._transaction.fetch_one(_SQL["pins_of_profile"], {"profile_id": profile_id}) is not None

    def page(
        self, wanted: OverrideFilter, default_id: str, page: PageOf, order: OverrideOrder
    ) -> tuple[list[Customer], int]:
        arguments = {name: list(value) if isinstance(value, list) else value for name, value in asdict(wanted).items()}
        arguments["default_id"] = default_id
        rows, total = paged(self._transaction, _SQL["matching"], arguments, page, _ORDER[order], table="c")
        return [customer_of(row) for row in rows], total


def _override(row: Row) -> CustomerOverride:
    return CustomerOverride(**{name: row[name] for name in CustomerOverride.__slots__})
