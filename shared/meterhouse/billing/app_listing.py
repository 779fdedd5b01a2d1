"""What apps there are to install, what each can do, and how it is installed."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from meterhouse.billing.installed_app import AppType


class Capability(StrEnum):
    REPORT_USAGE = "reportUsage"
    REPORT_EVENTS = "reportEvents"
    CALCULATE_TAX = "calculateTax"
    INVOICE_CUSTOMERS = "invoiceCustomers"
    COLLECT_PAYMENTS = "collectPayments"


class InstallMethod(StrEnum):
    WITH_OAUTH2 = "with_oauth2"
    WITH_API_KEY = "with_api_key"
    NO_CREDENTIALS_REQUIRED = "no_credentials_required"


@dataclass(frozen=True, slots=True)
class Skill:
    """A capability, as one app has it."""

    capability: Capability
    key: str
    name: str
    description: str


@dataclass(frozen=True, slots=True)
class Listing:
    type: AppType
    name: str
    description: str
    skills: tuple[Skill, ...]
    install_methods: tuple[InstallMethod, ...]

    @property
    def capabilities(self) -> tuple[Capability, ...]:
        return tuple(skill.capability for skill in self.skills)


def _skills(taxes: str, invoices: str, payments: str) -> tuple[Skill, ...]:
    return (
        Skill(Capability.CALCULATE_TAX, "calculate_tax", "Calculate tax", taxes),
        Skill(Capability.INVOICE_CUSTOMERS, "invoice_customer", "Invoice customers", invoices),
        Skill(Capability.COLLECT_PAYMENTS, "collect_payment", "Collect payments", payments),
    )


LISTINGS: Mapping[AppType, Listing] = {
    AppType.STRIPE: Listing(
        AppType.STRIPE,
        "Stripe",
        "Invoices customers and collects payments through your Stripe account.",
        _skills("By Stripe Tax.", "Through Stripe's invoices.", "By the customer's payment method at Stripe."),
        (InstallMethod.WITH_API_KEY,),
    ),
    AppType.SANDBOX: Listing(
        AppType.SANDBOX,
        "Sandbox",
        "Takes every invoice and pays it at once; for trying things out.",
        _skills("Adds none.", "Pretends to send.", "Pretends to collect."),
        (InstallMethod.NO_CREDENTIALS_REQUIRED,),
    ),
    AppType.CUSTOM_INVOICING: Listing(
        AppType.CUSTOM_INVOICING,
        "Custom invoicing",
        "Waits until a system of your own has taken each invoice, and takes its word on payments.",
        _skills("Left to your system.", "By your system.", "By your system."),
        (InstallMethod.NO_CREDENTIALS_REQUIRED,),
    ),
}

TASKS: Mapping[str, Capability] = {
    "tax": Capability.CALCULATE_TAX,
    "invoicing": Capability.INVOICE_CUSTOMERS,
    "payment": Capability.COLLECT_PAYMENTS,
}
"""What a billing profile needs apps for."""
