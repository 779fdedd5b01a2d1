"""One page of a list from PostgreSQL, and how long the list is."""

from collections.abc import Mapping
from typing import Any

from meterhouse.billing.ports import PageOf
from meterhouse.platform.postgres_transaction import Row, Transaction


def paged(
    transaction: Transaction, source: str, arguments: Mapping[str, Any], page: PageOf, column: str, table: str = ""
) -> tuple[list[Row], int]:
    """The rows of `table` (default: all there is) in `source`, by `column` and then by id; and how many there are."""
    of = f"{table}." if table else ""
    count = transaction.fetch_one(f"SELECT count(*) FROM {source}", arguments)
    direction = "DESC" if page.descending else "ASC"
    rows = transaction.fetch_all(
        f"SELECT {of}* FROM {source} ORDER BY {column} {direction} NULLS LAST, {of}id {direction}"
        " LIMIT %(limit)s OFFSET %(offset)s",
        {**arguments, "limit": page.size, "offset": (page.number - 1) * page.size},
    )
    return rows, count["count"] if count else 0
