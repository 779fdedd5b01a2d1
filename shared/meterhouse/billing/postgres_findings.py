"""Findings in PostgreSQL."""

import json
from collections.abc import Collection, Iterable
from datetime import datetime

from meterhouse.billing.findings import Open, Recorded
from meterhouse.billing.paging import paged
from meterhouse.billing.ports import PageOf
from meterhouse.ledger.audit import KINDS, Finding
from meterhouse.platform.postgres_transaction import Row, Transaction
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.billing", "audit.sql")
_FIELDS = ("kind", "subject_id", "customer_id", "detail", "invoice_id")


class PostgresFindings:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def write_of_customers(self, customer_ids: Collection[str], found: Iterable[Finding], at: datetime) -> None:
        self._replace("close_of_customers", customer_ids, list(found), at)

    def write_of_invoices(self, invoice_ids: Collection[str], found: Iterable[Finding], at: datetime) -> None:
        self._replace("close_of_invoices", invoice_ids, list(found), at)

    def add(self, found: Iterable[Finding], at: datetime) -> None:
        by_id = {one.id: {"id": one.id} | {name: getattr(one, name) for name in _FIELDS} for one in found}
        if by_id:
            documents = json.dumps([*by_id.values()])
            self._transaction.execute(_SQL["write_findings"], {"findings": documents, "at": at})

    def count_open(self, customer_ids: Collection[str]) -> Open:
        wanted = {"customer_ids": list(customer_ids), "of_ledger": list(KINDS)}
        row = self._transaction.fetch_one(_SQL["count_open"], wanted)
        return Open(row["of_all"], row["of_ledger"]) if row else Open(0, 0)

    def _replace(self, close: str, subjects: Collection[str], found: Collection[Finding], at: datetime) -> None:
        self.add(found, at)
        self._transaction.execute(_SQL[close], {"of": list(subjects), "ids": [one.id for one in found], "at": at})

    def parked(self, invoice_ids: Collection[str]) -> Collection[str]:
        rows = self._transaction.fetch_all(_SQL["parked"], {"invoice_ids": list(invoice_ids)})
        return {row["invoice_id"] for row in rows}

    def find(self, finding_id: str) -> Recorded | None:
        row = self._transaction.fetch_one(_SQL["find"], {"id": finding_id})
        return None if row is None else _recorded(row)

    def page(self, page: PageOf, kind: str | None, *, is_open: bool | None) -> tuple[list[Recorded], int]:
        wanted = {"kind": kind, "is_open": is_open}
        rows, total = paged(
            self._transaction, f"audit_findings WHERE {_SQL['matching']}", wanted, page, column="found_at"
        )
        return [_recorded(row) for row in rows], total

    def resolve(self, finding_id: str, reason: str, at: datetime) -> None:
        self._transaction.execute(_SQL["resolve"], {"id": finding_id, "reason": reason, "at": at})


def _recorded(row: Row) -> Recorded:
    return Recorded(
        Finding(**{name: row[name] for name in _FIELDS}), row["found_at"], row["resolved_at"], row["reason"]
    )
