"""What an app knows of a customer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from meterhouse.billing.installed_app import AppType, InstalledApp


@dataclass(frozen=True, slots=True)
class StripeCustomer:
    """The customer's id at Stripe, and the payment method to charge where it is not Stripe's own default."""

    stripe_customer_id: str
    payment_method_id: str | None = None


@dataclass(frozen=True, slots=True)
class CustomInvoicingCustomer:
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SandboxCustomer:
    """Nothing: the sandbox takes anybody."""


Facts = StripeCustomer | CustomInvoicingCustomer | SandboxCustomer


@dataclass(frozen=True, slots=True)
class CustomerData:
    customer_id: str
    app_id: str
    facts: Facts
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """Facts for an app; `app_id` None: for the one app of the facts' type. `pointer`: where they were sent."""

    facts: Facts
    app_id: str | None = None
    pointer: str = ""


@dataclass(frozen=True, slots=True)
class ShownData:
    data: CustomerData
    app: InstalledApp


def type_of(facts: Facts) -> AppType:
    """The type of the apps that know such facts."""
    match facts:
        case StripeCustomer():
            return AppType.STRIPE
        case CustomInvoicingCustomer():
            return AppType.CUSTOM_INVOICING
        case SandboxCustomer():
            return AppType.SANDBOX
