"""Why Stripe would not take an invoice, found before it is asked to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meterhouse.billing.invoice import Invoice, Issue, Severity
from meterhouse.payments.stripe_amounts import NotRepresentable
from meterhouse.payments.stripe_drafts import is_charged_automatically
from meterhouse.payments.stripe_items import MOST_ITEMS, items_of

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
    if len(items) > MOST_ITEMS:
        message = (
            f"{len(items)} lines are more than the {MOST_ITEMS} that Stripe takes: have runs put fewer on an invoice"
        )
        yield critical("too_many_lines", message, "/lines")
    places = {line.id: number for number, line in enumerate(invoice.lines)}
    for item in items:
        if item.amount < 0 and invoice.workflow.tax_enabled:
            message = f"{item.description} is negative, which Stripe's automatic tax does not take"
            yield critical("negative_with_automatic_tax", message, f"/lines/{places[item.line_id]}")


def issues_of_customer(
    invoice: Invoice, linked: StripeCustomer, found: stripe.Customer, named: stripe.PaymentMethod | None
) -> Iterator[Issue]:
    """What is wrong with the customer that Stripe has, with its `tax` expanded, and with the method to be named."""
    if getattr(found, "deleted", None):
        yield critical(
            "stripe_customer_deleted", f"customer {linked.stripe_customer_id} was deleted at Stripe", "/customer"
        )
        return
    if is_charged_automatically(invoice) and (fault := _fault_of_method(linked, found, named)):
        yield critical("payment_method_missing", fault, "/workflow/workflow/payment/collectionMethod")
    if invoice.workflow.tax_enabled and _has_no_place(found):
        message = f"Stripe lacks the address by which customer {linked.stripe_customer_id} is taxed, or a part of it"
        severity = Severity.CRITICAL if invoice.workflow.tax_enforced else Severity.WARNING
        yield Issue(severity, "customer_tax_location_invalid", COMPONENT, message, "/customer/addresses")


def default_method_of(customer: stripe.Customer) -> str | None:
    """What Stripe charges where an invoice names nothing, but for sources of its older API; None: nothing."""
    # who was deleted has no settings at all
    settings: stripe.Customer.InvoiceSettings | None = getattr(customer, "invoice_settings", None)
    found = settings.default_payment_method if settings else None
    return found if found is None or isinstance(found, str) else found.id


def has_default(customer: stripe.Customer) -> bool:
    """Whether Stripe has anything to charge where an invoice names nothing."""
    return bool(default_method_of(customer) or getattr(customer, "default_source", None))


def without_default(stripe_customer_id: str) -> str:
    return f"customer {stripe_customer_id} has no default payment method at Stripe to charge"


def _fault_of_method(linked: StripeCustomer, found: stripe.Customer, named: stripe.PaymentMethod | None) -> str | None:
    if linked.named_method_id is None:
        return None if has_default(found) else without_default(found.id)
    owner = None if named is None else named.customer
    if owner == found.id:
        return None
    return f"payment method {linked.named_method_id} is not customer {found.id}'s at Stripe any more: put another"


def _has_no_place(customer: stripe.Customer) -> bool:
    tax = customer.tax
    return tax is not None and tax.automatic_tax == "unrecognized_location"
