"""Backtests in PostgreSQL: each with a row for every customer, written once."""

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from meterhouse.billing.backtest import Backtest, BacktestRow, Reason, RowState
from meterhouse.billing.backtest_documents import (
    paired_from_document,
    paired_to_document,
    spec_from_document,
    spec_to_document,
    summary_from_document,
    summary_to_document,
)
from meterhouse.billing.backtest_ports import RowOrder
from meterhouse.billing.comparison import Summary, Sums
from meterhouse.billing.ports import PageOf
from meterhouse.billing.postgres import PostgresLines
from meterhouse.billing.postgres_overrides import PostgresOverrides
from meterhouse.billing.postgres_profiles import PostgresProfiles
from meterhouse.catalog.postgres import PostgresFeatures
from meterhouse.catalog.postgres_currencies import PostgresCurrencies
from meterhouse.catalog.postgres_plans import PostgresPlans
from meterhouse.customers.postgres import PostgresCustomers
from meterhouse.kernel.period import Period
from meterhouse.metering.postgres import PostgresMeters
from meterhouse.platform.postgres_transaction import Row, Transaction
from meterhouse.platform.sql import queries
from meterhouse.subscriptions.model import PlanReference
from meterhouse.subscriptions.postgres import PostgresSubscriptions

_SQL = queries("meterhouse.billing", "backtests.sql")
_ORDER = {RowOrder.CUSTOMER_ID: "customer_id", RowOrder.DIFFERENCE: "difference"}


class PostgresBacktests:
    """`meterhouse.billing.backtest_ports.Backtests`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def find(self, plan_id: str, backtest_id: str) -> Backtest | None:
        row = self._transaction.fetch_one(_SQL["find_backtest"], {"plan_id": plan_id, "id": backtest_id})
        return None if row is None else _backtest(row)

    def page(self, plan_id: str, page: PageOf) -> tuple[list[Backtest], int]:
        wanted = {"plan_id": plan_id, **_slice(page)}
        count = self._transaction.fetch_one(_SQL["count_backtests"], wanted)
        query = _SQL["backtests_of_plan"].format(direction=_direction(page))
        found = self._transaction.fetch_all(query, wanted)
        return [_backtest(row) for row in found], count["count"] if count else 0

    def add(self, backtest: Backtest, customer_ids: Collection[str]) -> None:
        if self._transaction.execute(_SQL["add_backtest"], _values(backtest)):
            named = {"id": backtest.id, "customer_ids": list(customer_ids)}
            self._transaction.execute(_SQL["add_customers"], named)

    def renew(self, backtest_id: str, at: datetime, lost: datetime) -> None:
        self._transaction.execute(_SQL["renew_backtest"], {"id": backtest_id, "at": at, "lost": lost})

    def pending(self, backtest_id: str, after: str, up_to: str | None = None) -> list[str]:
        wanted = {"id": backtest_id, "after": after, "up_to": up_to}
        return [row["customer_id"] for row in self._transaction.fetch_all(_SQL["pending_customers"], wanted)]

    def edges(self, backtest_id: str, size: int) -> list[str]:
        found = self._transaction.fetch_all(_SQL["edges"], {"id": backtest_id, "size": size})
        return [row["up_to"] for row in found]

    def settle(self, backtest_id: str, rows: Collection[BacktestRow]) -> None:
        if rows:
            documents = json.dumps([_row_document(row) for row in rows])
            self._transaction.execute(_SQL["settle_customers"], {"id": backtest_id, "rows": documents})

    def sums(self, backtest_id: str) -> list[Sums]:
        found = self._transaction.fetch_all(_SQL["sums_of_customers"], {"id": backtest_id})
        return [Sums(row["old_total"], row["new_total"]) for row in found]

    def finish(self, backtest_id: str, summary: Summary, at: datetime) -> None:
        written = {"id": backtest_id, "summary": json.dumps(summary_to_document(summary)), "at": at}
        self._transaction.execute(_SQL["finish_backtest"], written)

    def settled(self, backtest_ids: Collection[str]) -> Mapping[str, int]:
        found = self._transaction.fetch_all(_SQL["settled_customers"], {"ids": list(backtest_ids)})
        return {row["backtest_id"]: row["settled"] for row in found}

    def rows(self, backtest_id: str, page: PageOf, order: RowOrder) -> list[BacktestRow]:
        query = _SQL["customers_of_backtest"].format(direction=_direction(page), column=_ORDER[order])
        return [_row(row) for row in self._transaction.fetch_all(query, {"id": backtest_id, **_slice(page)})]

    def row(self, backtest_id: str, customer_id: str) -> BacktestRow | None:
        wanted = {"id": backtest_id, "customer_id": customer_id}
        found = self._transaction.fetch_one(_SQL["customer_of_backtest"], wanted)
        return None if found is None else _row(found)


class PostgresBacktestStore:
    """`meterhouse.billing.backtest_ports.BacktestStore`: it reads what is billed and writes backtests alone."""

    def __init__(self, transaction: Transaction) -> None:
        self.backtests = PostgresBacktests(transaction)
        self.plans = PostgresPlans(transaction)
        self.customers = PostgresCustomers(transaction)
        self.subscriptions = PostgresSubscriptions(transaction)
        self.lines = PostgresLines(transaction)
        self.profiles = PostgresProfiles(transaction)
        self.overrides = PostgresOverrides(transaction)
        self.features = PostgresFeatures(transaction)
        self.currencies = PostgresCurrencies(transaction)
        self.meters = PostgresMeters(transaction)


def _slice(page: PageOf) -> dict[str, int]:
    return {"limit": page.size, "offset": (page.number - 1) * page.size}


def _direction(page: PageOf) -> str:
    return "DESC" if page.descending else "ASC"


def _backtest(row: Row) -> Backtest:
    return Backtest(
        **{name: row[name] for name in ("id", "periods", "as_of", "requested_at", "customers", "finished_at")},
        plan=PlanReference(row["plan_id"], row["plan_key"], row["plan_version"]),
        spec=spec_from_document(row["spec"]),
        summary=None if row["summary"] is None else summary_from_document(row["summary"]),
    )


def _values(backtest: Backtest) -> dict[str, Any]:
    return {
        **{name: getattr(backtest, name) for name in ("id", "periods", "as_of", "requested_at", "customers")},
        "plan_id": backtest.plan.id,
        "plan_key": backtest.plan.key,
        "plan_version": backtest.plan.version,
        "spec": json.dumps(spec_to_document(backtest.spec)),
    }


def _row(row: Row) -> BacktestRow:
    lines = row.get("lines")
    return BacktestRow(
        customer_id=row["customer_id"],
        state=RowState(row["state"]),
        period=Period(row["period_start"], row["period_end"]) if row["period_start"] else None,
        periods=row["periods"],
        old=row["old_total"],
        new=row["new_total"],
        reason=Reason(row["reason_code"], row["reason"]) if row["reason_code"] else None,
        lines=None if lines is None else [paired_from_document(line) for line in lines],
    )


def _row_document(row: BacktestRow) -> dict[str, Any]:
    return {
        "customer_id": row.customer_id,
        "state": row.state.value,
        "period_start": row.period and row.period.start.isoformat(),
        "period_end": row.period and row.period.end.isoformat(),
        "periods": row.periods,
        "old_total": None if row.old is None else f"{row.old:f}",
        "new_total": None if row.new is None else f"{row.new:f}",
        "reason_code": row.reason and row.reason.code,
        "reason": row.reason and row.reason.message,
        "lines": None if row.lines is None else [paired_to_document(line) for line in row.lines],
    }
