"""Pages of ordered lists in PostgreSQL."""

from collections.abc import Mapping, Sequence
from typing import Any

from meterhouse.catalog.ports import FeatureOrder, Slice, VersionOrder
from meterhouse.platform.postgres_transaction import Row, Transaction

_COLUMNS: dict[FeatureOrder | VersionOrder, str] = {
    FeatureOrder.CREATED_AT: "created_at",
    FeatureOrder.UPDATED_AT: "updated_at",
}


def page_of(
    transaction: Transaction, table: str, matching: str, parameters: dict[str, Any], rows: Slice
) -> tuple[list[Row], int]:
    """The rows of `table` under the condition `matching`, and how many there are in all."""
    count = transaction.fetch_one(f"SELECT count(*) FROM {table} WHERE {matching}", parameters)
    column = _COLUMNS.get(rows.order_by, rows.order_by.value)
    direction = "DESC" if rows.descending else "ASC"
    found = transaction.fetch_all(
        f"SELECT * FROM {table} WHERE {matching} ORDER BY {column} {direction}, id {direction}"
        " LIMIT %(limit)s OFFSET %(offset)s",
        parameters | {"limit": rows.limit, "offset": rows.offset},
    )
    return found, count["count"] if count else 0


def versions_wanted(key_versions: Mapping[str, Sequence[int]] | None) -> dict[str, Any]:
    """The parameters by which a condition asks for versions of keys."""
    pairs = [(key, version) for key, versions in (key_versions or {}).items() for version in versions]
    return {
        "version_keys": [key for key, _ in pairs] if key_versions else None,
        "versions": [version for _, version in pairs],
    }
