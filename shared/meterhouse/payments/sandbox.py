"""The app that pretends: it takes every invoice and pays at once, unless metadata asks for another end."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from meterhouse.billing.app import Accepted, CopyState, Payment
from meterhouse.billing.credit_note import CreditNote
from meterhouse.billing.invoice import Invoice, Issue, Severity
from meterhouse.billing.state import InvoiceState, Trigger

TARGET_STATUS = "openmeter.io/sandbox/target-payment-status"
"""Metadata key of the contract: paid, failed, uncollectible or action_required."""

_OUTCOMES = {
    "paid": Trigger.PAID,
    "failed": Trigger.FAILED,
    "uncollectible": Trigger.PAYMENT_UNCOLLECTIBLE,
    "action_required": Trigger.ACTION_REQUIRED,
}


class Sandbox:
    """`meterhouse.billing.app.InvoicingApp` without anybody behind it."""

    name = "sandbox"
    is_remote = False
    awaits: AbstractSet[InvoiceState] = frozenset()
    retries_payments = False

    def validate(self, invoice: Invoice) -> Sequence[Issue]:
        wanted = invoice.metadata.get(TARGET_STATUS, "paid")
        if wanted in _OUTCOMES:
            return ()
        message = f"{TARGET_STATUS} is none of {', '.join(_OUTCOMES)}: the invoice will be paid"
        return (Issue(Severity.WARNING, "unknown_target_status", "app.sandbox", message, "/metadata"),)

    def sync(self, invoice: Invoice) -> Accepted:
        return Accepted(external_id=f"sandbox-{invoice.id}")

    def finalize(self, invoice: Invoice) -> Accepted:
        return Accepted(external_id=invoice.external_id)

    def delete(self, invoice: Invoice) -> Accepted:
        return Accepted(external_id=invoice.external_id)

    def collect_payment(self, invoice: Invoice) -> Payment:
        wanted = invoice.metadata.get(TARGET_STATUS, "paid")
        trigger = _OUTCOMES.get(wanted, Trigger.PAID)
        return Payment(trigger, None if trigger is Trigger.PAID else f"the metadata asked for {wanted}")

    def take_back(self, _invoice: Invoice, note: CreditNote) -> Accepted:
        return Accepted(external_id=f"sandbox-{note.id}")

    def note_of(self, _invoice: Invoice, _note: CreditNote) -> Accepted | None:
        return None

    def payment_of(self, _invoice: Invoice) -> Payment | None:
        return None

    def copy_of(self, _invoice: Invoice) -> CopyState | None:
        return None
