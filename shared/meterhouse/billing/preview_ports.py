"""What a preview needs inside one transaction: all that changes subscriptions, and what lines come of them."""

from typing import Protocol

from meterhouse.billing.ports import BilledCustomers, BilledFeatures, BilledSubscriptions, BillingStore, TaxCodes
from meterhouse.subscriptions import ports
from meterhouse.subscriptions.addons import AddonStore


class PreviewedSubscriptions(ports.Subscriptions, BilledSubscriptions, Protocol):
    """What both rooms ask of subscriptions."""


class PreviewedCustomers(ports.Customers, BilledCustomers, Protocol):
    """What both rooms ask of customers."""


class PreviewStore(AddonStore, BillingStore, Protocol):
    """A store of subscriptions that is one of billing as well."""

    @property
    def subscriptions(self) -> PreviewedSubscriptions: ...
    @property
    def customers(self) -> PreviewedCustomers: ...
    @property
    def features(self) -> BilledFeatures: ...
    @property
    def tax_codes(self) -> TaxCodes: ...
