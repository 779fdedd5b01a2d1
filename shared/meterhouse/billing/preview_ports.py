"""What a preview needs inside one transaction: all that changes subscriptions, and what lines come of them."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from meterhouse.billing.ports import (
    BilledFeatures,
    BilledSubscriptions,
    BilledUsage,
    CreditNotes,
    Invoices,
    LateUsageMarks,
    Lines,
    Overrides,
    ParkedInvoices,
    PaymentReports,
    Profiles,
    TaxCodes,
)
from meterhouse.customers.model import Customer
from meterhouse.ledger.ports import LedgerStore
from meterhouse.subscriptions import ports
from meterhouse.subscriptions.addons import AddonStore


class PreviewedSubscriptions(ports.Subscriptions, BilledSubscriptions, Protocol):
    """What both rooms ask of subscriptions."""


class PreviewedCustomers(ports.Customers, Protocol):
    """What both rooms ask of customers."""

    def by_ids(self, customer_ids: Iterable[str]) -> Mapping[str, Customer]: ...

    def ids_after(self, after: str, limit: int) -> list[str]: ...


class PreviewStore(AddonStore, Protocol):
    """A store of subscriptions that is one of billing as well."""

    @property
    def subscriptions(self) -> PreviewedSubscriptions: ...
    @property
    def customers(self) -> PreviewedCustomers: ...
    @property
    def features(self) -> BilledFeatures: ...
    @property
    def invoices(self) -> Invoices: ...
    @property
    def lines(self) -> Lines: ...
    @property
    def late_usage(self) -> LateUsageMarks: ...
    @property
    def billed_usage(self) -> BilledUsage: ...
    @property
    def credit_notes(self) -> CreditNotes: ...
    @property
    def profiles(self) -> Profiles: ...
    @property
    def overrides(self) -> Overrides: ...
    @property
    def tax_codes(self) -> TaxCodes: ...
    @property
    def payment_reports(self) -> PaymentReports: ...
    @property
    def findings(self) -> ParkedInvoices: ...
    @property
    def credit(self) -> LedgerStore: ...
