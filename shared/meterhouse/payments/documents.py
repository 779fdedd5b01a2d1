"""What apps are set to, and what they know of customers, as the JSON documents they are stored as."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from meterhouse.billing.installed_app import AppType, CustomInvoicingConfig, StripeConfig
from meterhouse.payments.customer_data import CustomInvoicingCustomer, Facts, SandboxCustomer, StripeCustomer

Document = dict[str, Any]


def config_to_document(config: StripeConfig | CustomInvoicingConfig | None) -> Document:
    return {} if config is None else asdict(config)


def config_from_document(kind: AppType, document: Mapping[str, Any]) -> StripeConfig | CustomInvoicingConfig | None:
    match kind:
        case AppType.STRIPE:
            return StripeConfig(**document)
        case AppType.CUSTOM_INVOICING:
            return CustomInvoicingConfig(**document)
        case AppType.SANDBOX:
            return None


def to_document(facts: Facts) -> Document:
    match facts:
        case StripeCustomer():
            return asdict(facts)
        case CustomInvoicingCustomer(metadata):
            return {"metadata": dict(metadata)}
        case SandboxCustomer():
            return {}


def facts_from_document(document: Mapping[str, Any]) -> Facts:
    if "stripe_customer_id" in document:
        return StripeCustomer(**document)
    return CustomInvoicingCustomer(**document) if "metadata" in document else SandboxCustomer()
