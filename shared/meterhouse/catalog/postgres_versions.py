"""What the tables of plans and of add-ons have in common in PostgreSQL."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from meterhouse.catalog.ports import Slice, VersionFilter
from meterhouse.catalog.postgres_page import page_of, versions_wanted
from meterhouse.catalog.version import Version
from meterhouse.platform.postgres_transaction import Row, Transaction
from meterhouse.platform.sql import queries

S = TypeVar("S")
STORED = ("effective_from", "effective_to", "created_at", "updated_at", "deleted_at")
"""The instants of a version."""


@dataclass(frozen=True)
class Table(Generic[S]):
    """Where versions are, and how a row is one.

    Attributes:
        rate_cards: the column that holds them, and the SQL/JSON path to each.
    """

    name: str
    rate_cards: tuple[str, str]
    read: Callable[[Row], Version[S]]
    write: Callable[[Version[S]], dict[str, Any]]

    def queries(self) -> Mapping[str, str]:
        """Those of `versions.sql` on this table, and the table's own."""
        column, path = self.rate_cards
        shared = queries("meterhouse.catalog", "versions.sql").items()
        filled = {
            name: query.replace("{table}", self.name).replace("{column}", column).replace("{path}", path)
            for name, query in shared
        }
        return filled | queries("meterhouse.catalog", f"{self.name}.sql")


class PostgresVersions(Generic[S]):
    def __init__(self, transaction: Transaction, table: Table[S]) -> None:
        self._transaction = transaction
        self._table = table
        self._queries = table.queries()

    def find(self, version_id: str) -> Version[S] | None:
        return self._one("find", id=version_id)

    def by_ids(self, ids: Collection[str]) -> dict[str, Version[S]]:
        """By id, deleted ones too."""
        found = self._all("by_ids", ids=list(ids)) if ids else []
        return {version.id: version for version in found}

    def of_key(self, key: str, version: int | None, at: datetime) -> Version[S] | None:
        return (
            self._one("on_sale", key=key, at=at) if version is None else self._one("version", key=key, version=version)
        )

    def latest(self, key: str) -> Version[S] | None:
        return self._one("latest", key=key)

    def draft(self, key: str) -> Version[S] | None:
        return self._one("draft", key=key)

    def last_version(self, key: str) -> int:
        row = self._transaction.fetch_one(self._queries["last_version"], {"key": key})
        return row["version"] if row else 0

    def selling(self, feature_key: str, at: datetime) -> list[Version[S]]:
        return self._all("selling", feature_key=feature_key, at=at)

    def page(self, wanted: VersionFilter, rows: Slice) -> tuple[list[Version[S]], int]:
        statuses = None if wanted.statuses is None else [status.value for status in wanted.statuses]
        parameters = asdict(wanted) | versions_wanted(wanted.key_versions) | {"statuses": statuses}
        found, total = page_of(self._transaction, self._table.name, self._queries["matching"], parameters, rows)
        return [self._table.read(row) for row in found], total

    def add(self, version: Version[S]) -> None:
        self._transaction.execute(self._queries["insert"], self._table.write(version))

    def update(self, version: Version[S]) -> None:
        self._transaction.execute(self._queries["update"], self._table.write(version))

    def _one(self, query: str, **parameters: object) -> Version[S] | None:
        row = self._transaction.fetch_one(self._queries[query], parameters)
        return None if row is None else self._table.read(row)

    def _all(self, query: str, **parameters: object) -> list[Version[S]]:
        return [self._table.read(row) for row in self._transaction.fetch_all(self._queries[query], parameters)]


def version_row(version: Version[S]) -> dict[str, Any]:
    """The columns that both have."""
    named = ("id", "key", "version", *STORED)
    return {name: getattr(version, name) for name in named}
