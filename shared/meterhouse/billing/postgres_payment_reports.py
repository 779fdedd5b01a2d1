"""`meterhouse.billing.ports.PaymentReports` in PostgreSQL."""

from datetime import datetime

from meterhouse.billing.payment_report import PaymentReport
from meterhouse.platform.postgres_transaction import Transaction
from meterhouse.platform.sql import queries

_REPORTS = queries("meterhouse.billing", "payment_reports.sql")


class PostgresPaymentReports:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def has(self, invoice_id: str, key: str) -> bool:
        wanted = {"invoice_id": invoice_id, "key": key}
        return self._transaction.fetch_one(_REPORTS["has_report"], wanted) is not None

    def last(self, invoice_id: str) -> datetime | None:
        row = self._transaction.fetch_one(_REPORTS["last_report"], {"invoice_id": invoice_id})
        return None if row is None else row["last"]

    def add(self, invoice_id: str, report: PaymentReport, recorded_at: datetime, *, is_applied: bool) -> None:
        values = {
            "invoice_id": invoice_id,
            "key": report.key,
            "trigger": report.outcome.value,
            "reason": report.reason,
            "occurred_at": report.occurred_at,
            "is_applied": is_applied,
            "recorded_at": recorded_at,
        }
        self._transaction.execute(_REPORTS["add_report"], values)
