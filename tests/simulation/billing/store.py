"""What one transaction of billing touches, in memory."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import cast

from meterhouse.billing.bill_customers import RunStore
from meterhouse.billing.override import CustomerOverride
from meterhouse.billing.profile import Profile
from meterhouse.catalog.feature import Feature
from meterhouse.customers.model import Customer
from meterhouse.ledger.ports import LedgerStore
from meterhouse.metering.late_usage import LateMark
from meterhouse.subscriptions.model import Subscription
from tests.simulation.billing.credit import MemoryCredit, MemoryCurrencies, NoTaxCodes
from tests.simulation.billing.invoices import MemoryInvoices, MemoryLines, MemoryNotes, MemoryReports, MemoryVoidings
from tests.simulation.billing.tables import Transaction


def billing(transaction: Transaction) -> RunStore:
    return cast("RunStore", MemoryBilling(transaction))


def ledger(transaction: Transaction) -> LedgerStore:
    return cast("LedgerStore", MemoryCredit(transaction))


class MemoryBilling:
    """The statements of `meterhouse.billing.bill_customers.RunStore` that the simulated use cases send."""

    def __init__(self, transaction: Transaction) -> None:
        self.invoices = MemoryInvoices(transaction)
        self.lines = MemoryLines(transaction)
        self.credit_notes = MemoryNotes(transaction)
        self.profiles = _Profiles(transaction)
        self.overrides = _NoOverrides()
        self.customers = _Customers(transaction)
        self.subscriptions = _Subscriptions(transaction)
        self.features = _Features(transaction)
        self.findings = _NoFindings()
        self.tax_codes = NoTaxCodes()
        self.currencies = MemoryCurrencies(transaction)
        self.payment_reports = MemoryReports(transaction)
        self.voidings = MemoryVoidings(transaction)
        self.late_usage = self.billed_usage = _NoLateUsage()
        self.billed_apart = _BilledApart(transaction)
        self.credit = MemoryCredit(transaction)


class _Statements:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction


class _Profiles(_Statements):
    def default(self) -> Profile | None:
        self._transaction.statement("default profile")
        return next(iter(self._transaction.rows("profiles")), None)


class _Customers(_Statements):
    def by_ids(self, customer_ids: Iterable[str]) -> Mapping[str, Customer]:
        self._transaction.statement("customers by ids")
        wanted = set(customer_ids)
        return {one.id: one for one in self._transaction.rows("customers") if one.id in wanted}


class _Subscriptions(_Statements):
    def billable(self, after_customer: str | None, up_to_customer: str) -> list[Subscription]:
        found = [one for one in self._all() if (after_customer or "") < one.customer_id <= up_to_customer]
        return sorted(found, key=lambda one: (one.customer_id, one.active_from, one.id))

    def of_customer(self, customer_id: str) -> list[Subscription]:
        return [one for one in self._all() if one.customer_id == customer_id]

    def _all(self) -> Iterable[Subscription]:
        self._transaction.statement("subscriptions")
        return self._transaction.rows("subscriptions")


class _Features(_Statements):
    def by_ids(self, feature_ids: Collection[str]) -> Mapping[str, Feature]:
        return {one.id: one for one in self._all() if one.id in feature_ids}

    def by_keys(self, keys: Collection[str]) -> Mapping[str, Feature]:
        return {one.spec.key: one for one in self._all() if one.spec.key in keys}

    def _all(self) -> Iterable[Feature]:
        return self._transaction.rows("features")


class _BilledApart(_Statements):
    def among(self, customer_ids: Collection[str]) -> set[str]:
        self._transaction.statement("billed apart")
        return {one for one in customer_ids if self._transaction.get("billed apart", one)}

    def add(self, customer_id: str, since: datetime) -> None:
        self._transaction.statement("bill apart")
        self._transaction.put("billed apart", customer_id, since)

    def remove(self, customer_id: str) -> None:
        self._transaction.statement("bill together")
        self._transaction.put("billed apart", customer_id, None)


class _NoOverrides:
    def of_customers(self, _customer_ids: Collection[str]) -> Mapping[str, CustomerOverride]:
        return {}

    def pinned(self, _customer_ids: Collection[str]) -> Mapping[str, Profile]:
        return {}


class _NoLateUsage:
    """What becomes known after the bill stays unbilled here: the profile says so."""

    def marks(self, _subjects: Iterable[str]) -> list[LateMark]:
        return []

    def to_compare(self, _customer_ids: Collection[str], _now: datetime) -> Mapping[str, datetime]:
        return {}

    def owe(self, line_ids: Collection[str], _at: datetime) -> None:
        assert not line_ids, "usage is never taken back here"


class _NoFindings:
    """The nightly audit does not run here: what it would find the checks find."""

    def parked(self, _invoice_ids: Collection[str]) -> Collection[str]:
        return ()
