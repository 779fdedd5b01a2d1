"""Tax codes in PostgreSQL."""

import json
from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime
from typing import Any

from meterhouse.catalog.tax_code import AppMapping, AppType, DefaultTaxCodes, TaxCode, TaxCodeSpec
from meterhouse.platform.postgres_transaction import Row, Transaction
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.catalog", "tax_codes.sql")


class PostgresTaxCodes:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def by_ids(self, code_ids: Collection[str]) -> dict[str, TaxCode]:
        rows = self._transaction.fetch_all(_SQL["by_ids"], {"ids": list(code_ids)}) if code_ids else []
        return {row["id"]: _code(row) for row in rows}

    def page(self, *, include_deleted: bool, limit: int, offset: int) -> tuple[list[TaxCode], int]:
        wanted = {"include_deleted": include_deleted, "limit": limit, "offset": offset}
        count = self._transaction.fetch_one(_SQL["count"], wanted)
        found = self._transaction.fetch_all(_SQL["page"], wanted)
        return [_code(row) for row in found], count["count"] if count else 0

    def users(self, code_id: str, at: datetime) -> list[str]:
        return [row["name"] for row in self._transaction.fetch_all(_SQL["users"], {"id": code_id, "at": at})]

    def add(self, code: TaxCode) -> bool:
        return self._transaction.execute(_SQL["insert"], _row(code)) > 0

    def update(self, code: TaxCode) -> None:
        self._transaction.execute(_SQL["update"], _row(code))

    def defaults(self) -> DefaultTaxCodes | None:
        row = self._transaction.fetch_one(_SQL["defaults"], {})
        if row is None:
            return None
        return DefaultTaxCodes(
            row["invoicing_tax_code_id"], row["credit_grant_tax_code_id"], row["created_at"], row["updated_at"]
        )

    def set_defaults(self, defaults: DefaultTaxCodes) -> None:
        self._transaction.execute(_SQL["set_defaults"], asdict(defaults))


def _code(row: Row) -> TaxCode:
    mappings = tuple(AppMapping(AppType(one["app_type"]), one["tax_code"]) for one in row["app_mappings"])
    spec = TaxCodeSpec(row["name"], mappings, row["description"], row["labels"])
    return TaxCode(row["id"], row["key"], spec, row["created_at"], row["updated_at"], row["deleted_at"])


def _row(code: TaxCode) -> dict[str, Any]:
    return {
        "id": code.id,
        "key": code.key,
        "name": code.spec.name,
        "description": code.spec.description,
        "labels": json.dumps(dict(code.spec.labels)),
        "app_mappings": json.dumps([asdict(one) for one in code.spec.app_mappings]),
        "created_at": code.created_at,
        "updated_at": code.updated_at,
        "deleted_at": code.deleted_at,
    }
