"""Stripe as an invoicing app: it invoices, taxes and collects."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from meterhouse.billing.app import Accepted, CopyState, LineTax, Payment, Refused
from meterhouse.billing.credit_note import Refund
from meterhouse.billing.invoice import PAYMENT
from meterhouse.billing.state import Trigger
from meterhouse.kernel.errors import Unavailable
from meterhouse.kernel.rounding import EXACT
from meterhouse.payments.stripe_amounts import NotRepresentable, minor_units
from meterhouse.payments.stripe_api import UNAUTHORIZED, StripeRefusal, answers, metadata_of, once
from meterhouse.payments.stripe_drafts import StripeDrafts, is_charged_automatically
from meterhouse.payments.stripe_items import ITEM, items_of
from meterhouse.payments.stripe_notes import StripeNotes
from meterhouse.payments.stripe_outcome import is_under_way, outcome_of, payment_intent_of
from meterhouse.payments.stripe_taxes import tax_difference, taxes_of, total_taxes
from meterhouse.payments.stripe_validation import (
    critical,
    default_method_of,
    has_default,
    issues_of_customer,
    issues_of_items,
    without_default,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    import stripe

    from meterhouse.billing.credit_note import CreditNote
    from meterhouse.billing.invoice import Invoice, Issue
    from meterhouse.billing.state import InvoiceState
    from meterhouse.payments.customer_data import StripeCustomer
    from meterhouse.payments.stripe_items import Item

T = TypeVar("T")

_NO_PLACE = "customer_tax_location_invalid"
_NEEDS_ACTION = "invoice_payment_intent_requires_action"
_WITH_PAYMENTS: stripe.params.InvoicePayParams = {"expand": ["payments.data.payment.payment_intent"]}
_COPIES = {
    "draft": CopyState.DRAFT,
    "open": CopyState.ISSUED,
    "paid": CopyState.COLLECTED,
    "void": CopyState.CLOSED,
    "uncollectible": CopyState.CLOSED,
}
_LATER_SECONDS = 3600
_MISSING = Refused("stripe_invoice_missing", "Stripe has no invoice of ours: it was deleted there")


class StripeApp:
    """`meterhouse.billing.app.InvoicingApp`. Every call reads what Stripe has and does what is left to do.

    All raise `Unavailable` where Stripe does not answer; what it refuses is a value.
    """

    name = "stripe"
    is_remote = True
    awaits: AbstractSet[InvoiceState] = frozenset()
    retries_payments = True

    def __init__(
        self,
        connect: Callable[[], stripe.StripeClient],
        customer_of: Callable[[str], StripeCustomer | None],
        now: Callable[[], datetime],
        refused: Callable[[StripeRefusal], None] = lambda _: None,
    ) -> None:
        self._connect = connect
        self._customer_of = customer_of
        self._refused = refused
        self._now = now
        self._connected: stripe.StripeClient | None = None

    def validate(self, invoice: Invoice) -> Sequence[Issue]:
        customer = self._customer_of(invoice.customer_id)
        found = [*issues_of_items(invoice)]
        if customer is None:
            message = f"customer {invoice.customer_id} has no customer at Stripe yet"
            return [*found, critical("stripe_customer_missing", message, "/customer")]
        try:
            with answers():
                known = self._client.v1.customers.retrieve(customer.stripe_customer_id, {"expand": ["tax"]})
                named = self._named_method(invoice, customer)
        except StripeRefusal as refusal:
            self._refused(refusal)
            return [
                *found,
                critical(refusal.code, f"customer {customer.stripe_customer_id}: {refusal.message}", "/customer"),
            ]
        return [*found, *issues_of_customer(invoice, customer, known, named)]

    def sync(self, invoice: Invoice) -> Accepted | Refused:
        return self._answer(lambda: self._synced(invoice))

    def finalize(self, invoice: Invoice) -> Accepted | Refused:
        return self._answer(lambda: self._finalized(invoice))

    def delete(self, invoice: Invoice) -> Accepted | Refused:
        return self._answer(lambda: self._deleted(invoice))

    def collect_payment(self, invoice: Invoice) -> Payment | Refused | None:
        """Charge an open invoice that is to be charged; a refusal where the key may not.

        None, too, where Stripe does not take the key: the app is unauthorized then, which says it of all its invoices.
        """
        customer = self._customer_of(invoice.customer_id)
        try:
            with answers():
                found = self._drafts.find(invoice, customer)
        except StripeRefusal as refusal:
            return self._not_paid(refusal)
        if found is None:
            return Payment(Trigger.FAILED, _MISSING.message)
        decided = outcome_of(found, self._now())
        if found.status != "open" or not is_charged_automatically(invoice) or is_under_way(found):
            return decided
        if customer is not None and _is_of_another(found, customer):
            return Payment(Trigger.FAILED, _differs(found, customer).message)
        return self._charged(invoice, found, customer)

    def take_back(self, invoice: Invoice, note: CreditNote) -> Accepted | Refused:
        """Raises `Unavailable`, too, where the key lets us read nothing: an earlier call may have paid back."""
        answer = self._answer(lambda: self._taken_back(invoice, note))
        if isinstance(answer, Refused) and answer.code == UNAUTHORIZED:
            raise Unavailable(f"Stripe does not let us in: {answer.message}", _LATER_SECONDS)
        return answer

    def payment_of(self, invoice: Invoice) -> Payment | Refused | None:
        """None, too, where the copy was deleted; one whose id was not saved is found by its metadata."""
        found = self._copy(invoice)
        return found if found is None or isinstance(found, Refused) else outcome_of(found, self._now())

    def note_of(self, invoice: Invoice, note: CreditNote) -> Accepted | Refused | None:
        return self._answer(lambda: self._done(invoice, note))

    def copy_of(self, invoice: Invoice) -> CopyState | None:
        found = self._copy(invoice)
        return None if found is None or isinstance(found, Refused) else _COPIES.get(found.status or "")

    def _copy(self, invoice: Invoice) -> stripe.Invoice | Refused | None:
        customer = None if invoice.external_id else self._customer_of(invoice.customer_id)
        if invoice.external_id is None and customer is None:
            return None
        return self._answer(lambda: self._drafts.find(invoice, customer))

    def _answer(self, work: Callable[[], T]) -> T | Refused:
        try:
            with answers():
                return work()
        except StripeRefusal as refusal:
            self._refused(refusal)
            return Refused(refusal.code, refusal.message)
        except NotRepresentable as error:
            return Refused("amount_not_representable", str(error))

    @property
    def _client(self) -> stripe.StripeClient:
        if self._connected is None:
            self._connected = self._connect()
        return self._connected

    @property
    def _drafts(self) -> StripeDrafts:
        return StripeDrafts(self._client)

    def _synced(self, invoice: Invoice) -> Accepted | Refused:
        customer, drafts = self._customer(invoice), self._drafts
        found = drafts.find(invoice, customer)
        if found is not None and found.status == "draft" and _is_of_another(found, customer):
            self._client.v1.invoices.delete(found.id)
            found = drafts.find(invoice, customer)
        return self._brought(invoice, customer, found or drafts.make(invoice, customer))

    def _brought(self, invoice: Invoice, customer: StripeCustomer, found: stripe.Invoice) -> Accepted | Refused:
        """A draft with our settings and items; what is no draft any more stays as it is."""
        if _is_of_another(found, customer):
            return _differs(found, customer)
        if found.status != "draft":
            return self._compared(invoice, found)
        self._drafts.bring(found.id, invoice, customer, items_of(invoice))
        return self._compared(invoice, self._drafts.get(found.id))

    def _finalized(self, invoice: Invoice) -> Accepted | Refused:
        """A draft that was deleted at Stripe is made once more; one that was only changed there is refused."""
        customer, drafts = self._customer(invoice), self._drafts
        found = drafts.find(invoice, customer)
        if found is None:
            found = drafts.make(invoice, customer)
            compared = self._brought(invoice, customer, found)
        elif _is_of_another(found, customer):
            return _differs(found, customer)
        else:
            compared = self._compared(invoice, found)
        if isinstance(compared, Refused) or found.status != "draft":
            return compared
        self._finalize(invoice, found.id)
        return self._compared(invoice, self._drafts.get(found.id))

    def _finalize(self, invoice: Invoice, stripe_id: str) -> None:
        """Without a place to tax, tax is left out, unless the profile enforces it."""
        try:
            with answers():
                self._client.v1.invoices.finalize_invoice(stripe_id, {"auto_advance": True})
        except StripeRefusal as refusal:
            if refusal.code != _NO_PLACE or invoice.workflow.tax_enforced:
                raise
            self._drafts.without_tax(stripe_id)
            self._client.v1.invoices.finalize_invoice(stripe_id, {"auto_advance": True})

    def _compared(self, invoice: Invoice, found: stripe.Invoice | None) -> Accepted | Refused:
        """What both hold, or a refusal where it is not the same."""
        if found is None:
            return _MISSING
        if found.status in {"void", "uncollectible"}:
            return Refused("stripe_invoice_closed", f"the invoice is {found.status} at Stripe")
        ours, items = _net(invoice), sum(item.amount for item in items_of(invoice))
        theirs = _net_of_theirs(invoice, found)
        if not found.subtotal == theirs == items == ours:
            before = f"{found.subtotal} before what is taken off"
            sums = f"Stripe's invoice comes to {theirs}, {before}, its items to {items}, ours to {ours}"
            return Refused("stripe_total_differs", f"{sums} (minor units of {invoice.currency}): nobody is to doubt it")
        lines = self._drafts.lines(found.id)
        taxes = _taxes(invoice, found, lines)
        if invoice.workflow.tax_enabled and (fault := tax_difference(taxes, found)):
            return Refused("stripe_taxes_differ", fault)
        number = None if found.status == "draft" else found.number
        return Accepted(number, found.id, _names(items_of(invoice), lines, found), taxes=taxes)

    def _deleted(self, invoice: Invoice) -> Accepted | Refused:
        found = self._drafts.find(invoice, self._customer_of(invoice.customer_id))
        if found is not None and found.status == "paid":
            return Refused("stripe_invoice_paid", "the invoice is paid at Stripe and cannot be taken back")
        if found is not None and found.status == "draft":
            self._client.v1.invoices.delete(found.id)
        elif found is not None and found.status != "void":
            self._void(found.id)
        return Accepted(external_id=invoice.external_id)

    def _void(self, stripe_id: str) -> None:
        """Stripe refuses, too, where an earlier call of ours that was slow has voided it meanwhile."""
        try:
            with answers():
                self._client.v1.invoices.void_invoice(stripe_id)
        except StripeRefusal:
            now = self._drafts.get(stripe_id)
            if now is None or now.status != "void":
                raise

    def _taken_back(self, invoice: Invoice, note: CreditNote) -> Accepted | Refused:
        found = self._drafts.find(invoice, self._customer_of(invoice.customer_id))
        if found is None:
            return _MISSING
        notes = StripeNotes(self._client)
        return notes.refunded(found, note) if note.refund is Refund.PAYMENT else notes.credited(found, note)

    def _done(self, invoice: Invoice, note: CreditNote) -> Accepted | None:
        found = self._drafts.find(invoice, self._customer_of(invoice.customer_id))
        done = None if found is None else StripeNotes(self._client).done(found, note)
        return None if done is None else Accepted(external_id=done)

    def _customer(self, invoice: Invoice) -> StripeCustomer:
        customer = self._customer_of(invoice.customer_id)
        if customer is None:
            message = f"customer {invoice.customer_id} has no customer at Stripe any more"
            raise StripeRefusal("stripe_customer_missing", message)
        return customer

    def _named_method(self, invoice: Invoice, customer: StripeCustomer) -> stripe.PaymentMethod | None:
        """The payment method that the invoice is to name; None, too, where Stripe has it no more."""
        if customer.named_method_id is None or not is_charged_automatically(invoice):
            return None
        try:
            with answers():
                return self._client.v1.payment_methods.retrieve(customer.named_method_id)
        except StripeRefusal as refusal:
            if refusal.is_missing:
                return None
            raise

    def _method_by_now(self, found: stripe.Invoice, customer: StripeCustomer | None) -> str | None:
        """What is charged in place of what the issued copy names; None: what it names, or else the customer's default.

        The copy names what was put before it was issued: a newer one may have been put since, or left at Stripe.

        Raises:
            StripeRefusal: `payment_method_missing`: what the copy names was withdrawn, and nothing is in its place.
        """
        if customer is None or (customer.named_method_id is None and found.default_payment_method is None):
            return None
        if customer.named_method_id is not None:
            return customer.named_method_id
        theirs = self._client.v1.customers.retrieve(customer.stripe_customer_id)
        if not has_default(theirs):
            raise StripeRefusal("payment_method_missing", without_default(theirs.id))
        return default_method_of(theirs)

    def _not_paid(self, refusal: StripeRefusal) -> Payment | Refused | None:
        """What a refusal is for a payment: one that is of the key says that nobody tried."""
        self._refused(refusal)
        if refusal.code != UNAUTHORIZED:
            return Payment(Trigger.FAILED, refusal.message)
        return None if refusal.is_of_key else Refused(refusal.code, f"nobody is charged: {refusal.message}")

    def _charged(
        self, invoice: Invoice, found: stripe.Invoice, customer: StripeCustomer | None
    ) -> Payment | Refused | None:
        key = f"{invoice.id}/pay/{invoice.payment_attempt}"
        try:
            with answers():
                method = self._method_by_now(found, customer)
                wanted = _WITH_PAYMENTS if method is None else {**_WITH_PAYMENTS, "payment_method": method}
                paid = once(
                    key if method is None else f"{key}/{method}",
                    lambda one: self._client.v1.invoices.pay(found.id, wanted, {"idempotency_key": one}),
                )
        except StripeRefusal as refusal:
            if refusal.code == UNAUTHORIZED:
                return self._not_paid(refusal)
            now = self._answer(lambda: self._drafts.get(found.id))
            # Stripe collects by itself, too: then it refuses because there is nothing left to pay
            if now is not None and not isinstance(now, Refused) and (now.status != "open" or is_under_way(now)):
                return outcome_of(now, self._now())
            if refusal.code == _NEEDS_ACTION:
                return Payment(Trigger.ACTION_REQUIRED, refusal.message)
            return self._not_paid(refusal)
        return outcome_of(paid, self._now())


def _names(items: Sequence[Item], lines: Sequence[stripe.InvoiceLineItem], found: stripe.Invoice) -> Mapping[str, str]:
    """What Stripe calls the parts of the invoice, and its payment."""
    parts = {item.key: item.part_id for item in items if item.part_id}
    names = {part: line.id for line in lines if (part := parts.get(metadata_of(line).get(ITEM, "")))}
    intent = payment_intent_of(found)
    return names if intent is None else {**names, PAYMENT: intent.id}


def _taxes(invoice: Invoice, found: stripe.Invoice, lines: Sequence[stripe.InvoiceLineItem]) -> Mapping[str, LineTax]:
    if not invoice.workflow.tax_enabled:
        return {}
    if found.automatic_tax.status != "complete":
        return {line.id: LineTax() for line in invoice.lines}
    return taxes_of(lines, invoice.currency)


def _net(invoice: Invoice) -> int:
    """Our total in Stripe's units; taxes that Stripe works out are not ours to compare."""
    total, totals = invoice.totals.total, invoice.totals
    if invoice.workflow.tax_enabled:
        total = EXACT.subtract(total, totals.taxes_exclusive_total)
    return minor_units(total, invoice.currency)


def _net_of_theirs(invoice: Invoice, found: stripe.Invoice) -> int:
    """Stripe's total in its units, to be compared with `_net`: what is taken off there is in neither."""
    if not invoice.workflow.tax_enabled:
        return found.total
    return found.total - total_taxes(found)["exclusive"]


def _is_of_another(found: stripe.Invoice, customer: StripeCustomer) -> bool:
    whose = found.customer if found.customer is None or isinstance(found.customer, str) else found.customer.id
    return whose != customer.stripe_customer_id


def _differs(found: stripe.Invoice, customer: StripeCustomer) -> Refused:
    copy = f"the {found.status} invoice {found.id} at Stripe"
    message = (
        f"{copy} is not of {customer.stripe_customer_id}, who is linked by now: delete or void it there, or link back"
    )
    return Refused("stripe_customer_differs", message)
