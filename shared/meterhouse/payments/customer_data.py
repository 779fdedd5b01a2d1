"""What an app knows of a customer."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from meterhouse.billing.installed_app import AppType, InstalledApp


@dataclass(frozen=True, slots=True)
class StripeCustomer:
    """The customer's id at Stripe, and a payment method: the one to charge, which a caller put, or the last one left.

    Attributes:
        newest_setup: when the customer left the last payment method that counted, in Stripe's seconds.
        was_left: whether the customer left the payment method at Stripe, where it became the default.
    """

    stripe_customer_id: str
    payment_method_id: str | None = None
    newest_setup: int | None = None
    was_left: bool = False

    @property
    def named_method_id(self) -> str | None:
        """What invoices name; None: Stripe charges whatever is the default there by then, which may be a newer one."""
        return None if self.was_left else self.payment_method_id

    def is_outrun_by(self, known: "StripeCustomer") -> bool:
        """Whether a setup brings less than is `known`: a later one came before it, or it is somebody else's."""
        is_another = known.stripe_customer_id != self.stripe_customer_id
        return is_another or (self.newest_setup or 0) <= (known.newest_setup or 0)


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


def put_after(known: Facts | None, facts: Facts, default_method_id: str | None) -> Facts:
    """Facts from a caller in the place of those known; which setups of a customer of Stripe's counted is kept.

    A payment method that was left, and is sent back as it was shown, is no wish of the caller's, as long as it is what
    Stripe charges by itself: `default_method_id`.
    """
    if not isinstance(known, StripeCustomer) or not isinstance(facts, StripeCustomer):
        return facts
    if known.stripe_customer_id != facts.stripe_customer_id:
        return facts
    was_left = known.was_left and known.payment_method_id == facts.payment_method_id == default_method_id
    return replace(facts, newest_setup=known.newest_setup, was_left=was_left)


def type_of(facts: Facts) -> AppType:
    """The type of the apps that know such facts."""
    match facts:
        case StripeCustomer():
            return AppType.STRIPE
        case CustomInvoicingCustomer():
            return AppType.CUSTOM_INVOICING
        case SandboxCustomer():
            return AppType.SANDBOX
