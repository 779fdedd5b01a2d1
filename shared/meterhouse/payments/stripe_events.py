"""Events that Stripe posts: checked, and turned into what became of an invoice or a payment method."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from meterhouse.billing.find_note import locked_invoice
from meterhouse.billing.installed_app import AppType, InstalledApp
from meterhouse.billing.payment_report import PaymentReport
from meterhouse.billing.record_refund import RefundFailed
from meterhouse.billing.record_sent import record_sent
from meterhouse.kernel.errors import InvalidInput, NotFound, Problem, Unavailable
from meterhouse.payments.customer_data import StripeCustomer
from meterhouse.payments.stripe_api import StripeRefusal, answers, metadata_of
from meterhouse.payments.stripe_drafts import INVOICE, StripeDrafts
from meterhouse.payments.stripe_notes import ATTEMPT, NOTE, why_not_paid_back
from meterhouse.payments.stripe_outcome import outcome_of
from meterhouse.platform import clock
from meterhouse.platform.lockdown import locked_namespaces, refuse_locked

if TYPE_CHECKING:
    from collections.abc import Callable

    import stripe

    from meterhouse.billing.credit_note import CreditNote
    from meterhouse.billing.invoice import Invoice
    from meterhouse.billing.ports import BillingStore
    from meterhouse.billing.record_payment import RecordPayment
    from meterhouse.billing.record_refund import RecordRefund
    from meterhouse.payments.named_app import NamedApp
    from meterhouse.payments.stripe import StripeApps
    from meterhouse.platform.work import Begin, Work

TOLERANCE_SECONDS = 300
"""How old a signature may be: what is posted again later is refused."""

_LATER_SECONDS = 3600

SETUP_SUCCEEDED = "setup_intent.succeeded"
SENT = "invoice.sent"
INVOICE_EVENTS = (
    "invoice.marked_uncollectible",
    "invoice.overdue",
    "invoice.paid",
    "invoice.payment_action_required",
    "invoice.payment_failed",
    "invoice.voided",
)
REFUND_EVENTS = ("charge.refund.updated", "refund.failed", "refund.updated")
EVENTS = (SETUP_SUCCEEDED, SENT, *INVOICE_EVENTS, *REFUND_EVENTS)
"""What a webhook endpoint of ours asks for; whatever else comes is taken and changes nothing."""


@dataclass(frozen=True, slots=True)
class Received:
    """What came of an event, for whoever reads Stripe's log of deliveries."""

    namespace: str
    app_id: str
    message: str
    customer_id: str | None = None


class ReceiveStripeEvent:
    def __init__(
        self,
        named: Callable[[str], NamedApp | None],
        apps: StripeApps,
        begin: Begin[BillingStore],
        record_payment: RecordPayment,
        record_refund: RecordRefund,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self._named = named
        self._apps = apps
        self._begin = begin
        self._record_payment = record_payment
        self._record_refund = record_refund
        self._now = now

    def __call__(self, app_id: str, payload: str, signature: str | None) -> Received:
        """Take one event, which may come late, again and in any order.

        Raises:
            NotFound: there is no such Stripe app.
            InvalidInput: the signature is not of this app, not of this payload, or too old.
            Conflict: our invoice is not issued yet: Stripe asks again later.
            Forbidden: `billing_locked`: Stripe asks again later, too; payment methods are taken all the same.
            Unavailable: Stripe tells us nothing now, or the database does not answer.
        """
        named = self._named(app_id)
        if named is None or named.app.type is not AppType.STRIPE:
            raise NotFound("Stripe app", app_id)
        if not signature or not signature.isascii():
            raise _untrusted()
        namespace, app = named.namespace, named.app
        event = _verified(payload, signature, self._apps.webhook_secret(namespace, app))
        try:
            if event.type == SETUP_SUCCEEDED:
                return self._set_up(namespace, app, event)
            if event.type in {SENT, *INVOICE_EVENTS, *REFUND_EVENTS}:
                refuse_locked(namespace, locked_namespaces())
            if event.type in {SENT, *INVOICE_EVENTS}:
                return self._invoiced(namespace, app, event)
            if event.type in REFUND_EVENTS:
                return self._refunded(namespace, app, event)
        except StripeRefusal as refusal:
            # such as a key that was revoked: Stripe posts the event again for days
            self._apps.refused(namespace, app, refusal)
            raise Unavailable(f"Stripe does not tell us more: {refusal.message}", _LATER_SECONDS) from refusal
        return Received(namespace, app_id, f"events of type {event.type} change nothing")

    def _invoiced(self, namespace: str, app: InstalledApp, event: stripe.Event) -> Received:
        """Stripe's invoice is read again: what the event says of it may be long over.

        It is read while nobody else works on the customer: what is read is of the attempt that is under way.
        """
        told: Any = event.data.object
        with self._begin(namespace) as work:
            invoice = self._own(work, app, metadata_of(told).get(INVOICE), told.id)
            with answers():
                drafts = StripeDrafts(self._apps.client(namespace, app))
                found = None if invoice is None else drafts.get(told.id)
            if invoice is None or found is None:
                return Received(namespace, app.id, "no invoice of ours")
            received = self._read(namespace, app, event, invoice, found)
            work.commit()
        return received

    def _read(
        self, namespace: str, app: InstalledApp, event: stripe.Event, invoice: Invoice, found: stripe.Invoice
    ) -> Received:
        at, invoice_id, customer_id = self._now(), invoice.id, invoice.customer_id
        if event.type == SENT:
            record_sent(self._begin, namespace, invoice_id, datetime.fromtimestamp(event.created, UTC), at)
            return Received(namespace, app.id, "the invoice was sent to the customer", customer_id)
        payment = outcome_of(found, at)
        if payment is None:
            return Received(
                namespace, app.id, f"the invoice is {found.status} at Stripe, which decides nothing", customer_id
            )
        report = PaymentReport(event.id, payment.trigger, payment.at or at, payment.reason)
        recorded = self._record_payment(namespace, invoice_id, report)
        return Received(namespace, app.id, f"{payment.trigger.value}: {recorded.value}", customer_id)

    def _refunded(self, namespace: str, app: InstalledApp, event: stripe.Event) -> Received:
        """Stripe's refund is read again: money that went back may not arrive, as is known days later."""
        with answers():
            found = self._apps.client(namespace, app).v1.refunds.retrieve(str(event.data.object["id"]))
        said, failure = metadata_of(found), why_not_paid_back(found)
        note = self._note(namespace, app, said.get(NOTE))
        if note is None:
            return Received(namespace, app.id, "no refund of ours")
        if failure is None:
            message = f"the refund is {found.status} at Stripe, which changes nothing"
            return Received(namespace, app.id, message, note.customer_id)
        recorded = self._record_refund(namespace, RefundFailed(note.id, said.get(ATTEMPT), found.id, failure))
        return Received(namespace, app.id, f"{failure}: {recorded.value}", note.customer_id)

    def _note(self, namespace: str, app: InstalledApp, note_id: str | None) -> CreditNote | None:
        """The credit note; None where Stripe's refund is none of the app's, whatever its metadata say."""
        with self._begin(namespace) as work:
            note = None if note_id is None else work.store.credit_notes.find(note_id)
            invoice = None if note is None else work.store.invoices.find(note.invoice_id)
        return note if invoice is not None and invoice.app_id == app.id else None

    def _own(
        self, work: Work[BillingStore], app: InstalledApp, invoice_id: str | None, stripe_id: str
    ) -> Invoice | None:
        """Our invoice, its customer locked; None where Stripe's is not its copy, whatever its metadata say."""
        found = None if invoice_id is None else work.store.invoices.find(invoice_id)
        if found is None or found.app_id != app.id:
            return None
        invoice = locked_invoice(work, found.id)
        return invoice if invoice.external_id in {None, stripe_id} else None

    def _set_up(self, namespace: str, app: InstalledApp, event: stripe.Event) -> Received:
        """The payment method becomes the customer's default, here and at Stripe, unless a later one was left."""
        with answers():
            client = self._apps.client(namespace, app)
            intent = client.v1.setup_intents.retrieve(str(event.data.object["id"]))
            customer, method = _id(intent.customer), _id(intent.payment_method)
            customer_id = customer and self._apps.customers.by_stripe_id(namespace, app.id, customer)
            if customer is None or method is None or not customer_id:
                return Received(namespace, app.id, "no customer of ours")
            settings: Any = {"invoice_settings": {"default_payment_method": method}}
            is_newest = self._apps.customers.set_up(
                namespace,
                app.id,
                customer_id,
                StripeCustomer(customer, method, event.created, was_left=True),
                lambda: client.v1.customers.update(customer, settings),
            )
        if not is_newest:
            return Received(namespace, app.id, "this payment method, or a later one, is known", customer_id)
        return Received(namespace, app.id, f"{method} is the default payment method", customer_id)


def _verified(payload: str, signature: str, secret: str) -> stripe.Event:
    import stripe  # noqa: PLC0415 - heavy: an app that is not there is found without it

    try:
        event: stripe.Event = stripe.Webhook.construct_event(payload, signature, secret, TOLERANCE_SECONDS)
    except (stripe.SignatureVerificationError, TypeError, ValueError) as error:
        raise _untrusted() from error
    return event


def _untrusted() -> InvalidInput:
    message = "the Stripe-Signature is not of this payload and this app, or it is too old"
    return InvalidInput("the event cannot be trusted", [Problem("stripe-signature:", "signature", message)])


def _id(expandable: str | stripe.Customer | stripe.PaymentMethod | None) -> str | None:
    return expandable if expandable is None or isinstance(expandable, str) else expandable.id
