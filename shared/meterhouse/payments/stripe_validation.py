"""Why Stripe would not take an invoice, found before it is asked to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meterhouse.billing.invoice import Invoice, Issue, Severity
from meterhouse.billing.profile import CollectionMethod
from meterhouse.payments.stripe_amounts import NotRepresentable
from meterhouse.payments.stripe_items import items_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import stripe

    from meterhouse.payments.customer_data import StripeCustomer

COMPONENT = "app.stripe"


def critical(code: str, message: str, field: str = "") -> Issue:
    return Issue(Severity.CRITICAL, code, COMPONENT, message, field)


def issues_of_items(invoice: Invoice) -> Iterator[Issue]:
    """What is wrong with the amounts."""
    try:
        items = items_of(invoice)
    except NotRepresentable as error:
        yield critical("amount_not_representable", str(error), "/lines")
        return
    places = {line.id: number for number, line in enumerate(invoice.lines)}
    for item in items:
        if item.amount < 0 and invoice.workflow.tax_enabled:
            message = f"{item.description} is negative, which Stripe's automatic tax does not take"
            yield critical("negative_with_automatic_tax", message, f"/lines/{places[item.line_id]}")


def issues_of_customer(invoice: Invoice, linked: StripeCustomer, found: stripe.Customer) -> Iterator[Issue]:
    """What is wrong with the customer that Stripe has, with its `tax` expanded."""
    if getattr(found, "deleted", None):
        yield critical(
            "stripe_customer_deleted", f"customer {linked.stripe_customer_id} was deleted at Stripe", "/customer"
        )
        return
    settings = found.invoice_settings
    own = linked.payment_method_id
    default = own or (settings and settings.default_payment_method) or found.default_source
    if invoice.workflow.collection_method is CollectionMethod.CHARGE_AUTOMATICALLY and not default:
        message = f"customer {linked.stripe_customer_id} has no default payment method at Stripe to charge"
        yield critical("payment_method_missing", message, "/workflow/workflow/payment/collectionMethod")
    if invoice.workflow.tax_enabled and _has_no_place(found):
        message = f"Stripe lacks the address by which customer {linked.stripe_customer_id} is taxed, or a part of it"
        severity = Severity.CRITICAL if invoice.workflow.tax_enforced else Severity.WARNING
        yield Issue(severity, "customer_tax_location_invalid", COMPONENT, message, "/customer/addresses")


def _has_no_place(customer: stripe.Customer) -> bool:
    tax = customer.tax
    return tax is not None and tax.automatic_tax == "unrecognized_location"
