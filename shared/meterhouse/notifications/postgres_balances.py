"""What rules are held against, in PostgreSQL: balances that were seen, thresholds that were told, whose they are."""

from collections.abc import Collection, Mapping
from datetime import datetime

from meterhouse.billing.postgres import PostgresInvoices
from meterhouse.catalog.postgres import PostgresFeatures
from meterhouse.customers.model import Customer
from meterhouse.customers.postgres import PostgresCustomers, PostgresSubjects
from meterhouse.customers.subject import Subject
from meterhouse.entitlements.holder import first_subject
from meterhouse.entitlements.postgres import PostgresEntitlements
from meterhouse.kernel.ids import derived_ulid
from meterhouse.notifications.payload import Held
from meterhouse.notifications.postgres import PostgresNotifications
from meterhouse.notifications.rule import Threshold, ThresholdType
from meterhouse.notifications.tell_of_balance import Noted
from meterhouse.notifications.thresholds import Measured, Side, Told
from meterhouse.platform.postgres_transaction import Transaction
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.notifications", "balances.sql")


class PostgresMemory:
    """`meterhouse.notifications.tell_of_balance.BalanceMemory`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def note(self, measured: Measured) -> Noted | None:
        values = {
            "entitlement_id": measured.entitlement_id,
            "measured_at": measured.at,
            "period_start": measured.period_start,
        }
        seen = self._transaction.fetch_one(_SQL["seen"], values)
        if not self._transaction.execute(_SQL["note"], values):
            return None
        return Noted(None if seen is None else seen["period_start"])

    def told(self, entitlement_id: str, rule_ids: Collection[str]) -> Mapping[tuple[str, Side], Told]:
        asked = {"entitlement_id": entitlement_id, "rule_ids": list(rule_ids)}
        return {
            (row["rule_id"], Side(row["kind"])): Told(
                row["period_start"], Threshold(ThresholdType(row["type"]), row["value"]), row["told"]
            )
            for row in self._transaction.fetch_all(_SQL["told"], asked)
        }

    def keep(self, entitlement_id: str, rule_id: str, side: Side, told: Told) -> None:
        values = {
            "entitlement_id": entitlement_id,
            "rule_id": rule_id,
            "kind": side.value,
            "period_start": told.period_start,
            "type": told.threshold.type.value,
            "value": told.threshold.value,
            "told": told.times,
        }
        self._transaction.execute(_SQL["keep"], values)


class PostgresHolders:
    """`meterhouse.notifications.tell_of_balance.Holders`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def of(self, entitlement_id: str) -> Held | None:
        entitlement = PostgresEntitlements(self._transaction).find(entitlement_id)
        if entitlement is None:
            return None
        customer = PostgresCustomers(self._transaction).by_ids([entitlement.customer_id])[entitlement.customer_id]
        feature = PostgresFeatures(self._transaction).by_ids([entitlement.feature_id])[entitlement.feature_id]
        return Held(entitlement, customer, self._subject(customer), feature)

    def reset_at(self, entitlement_id: str, period_start: datetime) -> datetime | None:
        asked = {"entitlement_id": entitlement_id, "at": period_start}
        row = self._transaction.fetch_one(_SQL["reset_at"], asked)
        return None if row is None else row["created_at"]

    def _subject(self, customer: Customer) -> Subject:
        """As it was described; the contract wants one of everybody, so one that nobody described has its key alone."""
        key = first_subject(customer)
        described = PostgresSubjects(self._transaction).find_by_key(key)
        if described is not None:
            return described
        at = customer.created_at
        return Subject(derived_ulid(at, "subject", self._transaction.namespace, key), key, at, at)


class PostgresNotices(PostgresNotifications):
    """`BalanceStore` and `InvoiceStore` in one."""

    def __init__(self, transaction: Transaction) -> None:
        super().__init__(transaction)
        self.memory = PostgresMemory(transaction)
        self.holders = PostgresHolders(transaction)
        self.invoices = PostgresInvoices(transaction)
