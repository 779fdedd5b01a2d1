"""The ledger in PostgreSQL."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from meterhouse.catalog.postgres_currencies import PostgresCurrencies
from meterhouse.catalog.postgres_tax_codes import PostgresTaxCodes
from meterhouse.customers.postgres import PostgresCustomers
from meterhouse.kernel.errors import InvariantBroken
from meterhouse.ledger.account import CostBasis
from meterhouse.ledger.charge import Allocation, Charge
from meterhouse.ledger.credit_grant import CreditGrant
from meterhouse.ledger.ports import GrantFilter, Holding, Movement, MovementFilter, Owner, Place
from meterhouse.ledger.position import Position
from meterhouse.ledger.postgres_top_ups import PostgresTopUps
from meterhouse.ledger.rows import (
    advance_of,
    basis_of,
    booking_values,
    charge_of,
    charge_values,
    grant_of,
    grant_values,
    movement_of,
    unwritten_document,
)
from meterhouse.ledger.transaction import Transaction
from meterhouse.platform.postgres_transaction import Row
from meterhouse.platform.postgres_transaction import Transaction as DatabaseTransaction
from meterhouse.platform.sql import queries
from meterhouse.platform.text_filter import matches

_GRANTS = queries("meterhouse.ledger", "grants.sql")
_LEDGER = queries("meterhouse.ledger", "ledger.sql")
_SUMS = ("funded", "burnt", "expired", "voided")


class PostgresGrants:
    def __init__(self, transaction: DatabaseTransaction) -> None:
        self._transaction = transaction

    def find(self, grant_id: str) -> CreditGrant | None:
        return self._one("find", id=grant_id)

    def by_ids(self, grant_ids: Collection[str]) -> dict[str, CreditGrant]:
        rows = self._transaction.fetch_all(_GRANTS["by_ids"], {"ids": list(grant_ids)})
        return {row["id"]: grant_of(row) for row in rows}

    def find_by_key(self, customer_id: str, key: str) -> CreditGrant | None:
        return self._one("find_by_key", customer_id=customer_id, key=key)

    def page(self, wanted: GrantFilter, number: int, size: int) -> tuple[list[CreditGrant], int]:
        parameters = wanted.key.parameters("key") | {
            "customer_id": wanted.customer_id,
            "at": wanted.at,
            "status": wanted.status and wanted.status.value,
            "currency": wanted.currency,
            "limit": size,
            "offset": (number - 1) * size,
        }
        rows = self._transaction.fetch_all(_matching("page"), parameters)
        count = self._transaction.fetch_one(_matching("count"), parameters)
        return [grant_of(row) for row in rows], count["count"] if count else 0

    def holders(self, customer_ids: Collection[str]) -> set[str]:
        rows = self._transaction.fetch_all(_GRANTS["holders"], {"customer_ids": list(customer_ids)})
        return {row["customer_id"] for row in rows}

    def add(self, grant: CreditGrant) -> None:
        self._transaction.execute(_GRANTS["add"], grant_values(grant))

    def save(self, *grants: CreditGrant) -> None:
        if grants:
            self._transaction.execute_many(_GRANTS["save"], map(grant_values, grants))

    def over(self, until: datetime, after_customer: str, up_to_customer: str) -> list[CreditGrant]:
        wanted = {"until": until, "after_customer": after_customer, "up_to_customer": up_to_customer}
        return [grant_of(row) for row in self._transaction.fetch_all(_GRANTS["over"], wanted)]

    def edges(self, until: datetime, size: int) -> list[str]:
        rows = self._transaction.fetch_all(_GRANTS["edges"], {"until": until, "size": size})
        return [row["customer_id"] for row in rows]

    def mark_expired(self, grant_ids: Collection[str]) -> None:
        self._transaction.execute(_GRANTS["mark_expired"], {"ids": list(grant_ids)})

    def _one(self, query: str, **parameters: object) -> CreditGrant | None:
        row = self._transaction.fetch_one(_GRANTS[query], parameters)
        return None if row is None else grant_of(row)


class PostgresLedger:
    def __init__(self, transaction: DatabaseTransaction) -> None:
        self._transaction = transaction

    def lock_customers(self, customer_ids: Iterable[str]) -> None:
        self._transaction.lock_each("customer", customer_ids)

    def holdings(
        self, customer_ids: Collection[str], currency: str | None = None, as_of: datetime | None = None
    ) -> Mapping[Owner, Holding]:
        wanted = {"customer_ids": list(customer_ids), "currency": currency, "as_of": as_of}
        found: dict[Owner, Holding] = {}
        for row in self._all("holdings", **wanted):
            holding = found.setdefault((row["owner_id"], row["owner_currency"]), Holding([], []))
            if row["charge"] is None:
                holding.positions.append(Position(grant_of(row), **{name: row[name] for name in _SUMS}))
            else:
                holding.advances.append(advance_of(row))
        return found

    def book(self, transactions: Sequence[Transaction]) -> None:
        if not transactions:
            return
        rows = [row for sequence, one in enumerate(transactions) for row in booking_values(sequence, one)]
        self._transaction.stage("bookings", _LEDGER["bookings"], rows)
        twice = InvariantBroken("a business key of the ledger was to be booked twice")
        self._transaction.start(_LEDGER["book"], twice)

    def add_charges(self, charges: Iterable[tuple[str, Charge]], at: datetime) -> None:
        rows = [charge_values(customer_id, charge, at) for customer_id, charge in charges]
        if rows:
            columns = self._transaction.stage("charges", "ledger_charges", rows)
            self._transaction.execute(_LEDGER["add_charges"].format(columns=columns))

    def charges(self, keys: Collection[str]) -> Mapping[str, tuple[str, Charge]]:
        return {row["key"]: (row["customer_id"], charge_of(row)) for row in self._all("charges", keys=list(keys))}

    def realised(self, keys: Collection[str]) -> Mapping[str, Sequence[Allocation]]:
        found: dict[str, list[Allocation]] = defaultdict(list)
        for row in self._all("realised", keys=list(keys)):
            found[row["charge"]].append(Allocation(row["grant_id"], row["amount"], row["booked_at"]))
        return found

    def burnt_at_first(self, keys: Collection[str]) -> Mapping[str, Decimal]:
        return {row["charge"]: row["amount"] for row in self._all("burnt_at_first", keys=list(keys))}

    def accrued(self, keys: Collection[str]) -> Mapping[str, Mapping[CostBasis | None, Decimal]]:
        found: dict[str, dict[CostBasis | None, Decimal]] = defaultdict(dict)
        for row in self._all("accrued", keys=list(keys)):
            found[row["charge"]][basis_of(row)] = row["amount"]
        return found

    def receivables(self, invoice_ids: Collection[str]) -> Mapping[str, Decimal]:
        return {row["invoice"]: row["amount"] for row in self._all("receivables", invoices=list(invoice_ids))}

    def unearned(self, customer_ids: Collection[str]) -> set[str]:
        return {row["key"] for row in self._all("unearned", customer_ids=list(customer_ids))}

    def written(self, keys: Collection[str]) -> set[str]:
        return {row["key"] for row in self._all("written", keys=list(keys))}

    def movements(self, wanted: MovementFilter, unwritten: Sequence[Transaction]) -> list[Movement]:
        turned = wanted.before is not None and wanted.after is None
        query = _LEDGER["movements"].format(direction="ASC" if turned else "DESC")
        parameters = {
            "customer_id": wanted.customer_id,
            "at": wanted.at,
            "is_all": wanted.scope.is_all,
            "feature": wanted.scope.feature,
            "kind": wanted.kind and wanted.kind.value,
            "currency": wanted.currency,
            "unwritten": json.dumps([unwritten_document(one, wanted.scope) for one in unwritten]),
            "limit": wanted.limit,
            **_place("after", wanted.after),
            **_place("before", wanted.before),
        }
        rows = self._transaction.fetch_all(query, parameters)
        return [movement_of(row) for row in (reversed(rows) if turned else rows)]

    def _all(self, query: str, **parameters: object) -> list[Row]:
        return self._transaction.fetch_all(_LEDGER[query], parameters)


class PostgresLedgerStore:
    """What this room's use cases touch inside one transaction."""

    def __init__(self, transaction: DatabaseTransaction) -> None:
        self.grants = PostgresGrants(transaction)
        self.ledger = PostgresLedger(transaction)
        self.customers = PostgresCustomers(transaction)
        self.currencies = PostgresCurrencies(transaction)
        self.tax_codes = PostgresTaxCodes(transaction)
        self.top_ups = PostgresTopUps(transaction)


def _matching(query: str) -> str:
    return _GRANTS[query].format(matching=_GRANTS["matching"].format(key_matches=matches("key")))


def _place(side: str, place: Place | None) -> dict[str, Any]:
    names = ("booked_at", "rank", "recorded_at", "id")
    return {f"has_{side}": place is not None} | {f"{side}_{name}": place and getattr(place, name) for name in names}
