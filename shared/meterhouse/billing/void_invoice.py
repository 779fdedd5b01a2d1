"""Taking back an issued invoice, whoever asks for it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from meterhouse.billing.drive import Driven
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.ports import BillingStore
from meterhouse.billing.reconcile import differences_on
from meterhouse.billing.rests import Known
from meterhouse.billing.state import Trigger
from meterhouse.billing.void import Voiding, reopened
from meterhouse.kernel.errors import Conflict, InvalidInput, Problem
from meterhouse.platform.work import Work
from meterhouse.subscriptions.model import Subscription


def void_invoice(work: Work[BillingStore], driven: Driven, voiding: Voiding, at: datetime) -> Driven:
    """The voided invoice, not saved; its lines that are to be billed again are pending.

    Raises:
        InvalidInput: as `refuse_void`.
        Conflict: as `refuse_void`, or `invoice_state`: the invoice cannot be voided.
    """
    voided = driven.must_fire(Trigger.VOID, at, voiding.reason)
    refuse_void(work, driven.invoice, voiding, at)
    bill_again(work, driven.invoice, voiding, at)
    return voided


def bill_again(work: Work[BillingStore], invoice: Invoice, voiding: Voiding, at: datetime) -> None:
    """Lines of an invoice that is voided are pending again, as far as `voiding` says so."""
    closed, again = reopened(invoice, voiding, at)
    work.store.lines.update(closed)
    work.store.lines.add(again)


def refuse_void(work: Work[BillingStore], invoice: Invoice, voiding: Voiding, at: datetime) -> None:
    """What is in the way of taking the invoice back so.

    Raises:
        InvalidInput: `voiding` names others' lines.
        Conflict: `difference_charged`: a line would be billed again that another was charged the difference to;
            `credit_notes_exist`: a part of it was taken back.
    """
    own = {line.id for line in invoice.lines}
    problems = [
        Problem(f"/overrides/{number}/lineId", "unknown_line", "the invoice has no such line")
        for number, line_id in enumerate(voiding.overrides)
        if line_id not in own
    ]
    if problems:
        raise InvalidInput("lines of other invoices are not voided here", problems)
    if invoice.credited.total:
        raise Conflict("credit notes took back a part of it: void them first", "credit_notes_exist")
    _refuse_differences(work, invoice, voiding, at)


def as_it_can_be(work: Work[BillingStore], invoice: Invoice, voiding: Voiding, at: datetime) -> Voiding:
    """`voiding` of what its app has voided already, whose word is final: what cannot be billed again any more is not.

    That is what another line charged the difference to meanwhile, and all where credit notes took back a part; the
    reason says so.
    """
    if invoice.credited.total:
        return Voiding(f"{voiding.reason}; nothing is billed again, as credit notes took back a part", None, {})
    wanted = {line.key: line.id for line in invoice.lines if voiding.of(line) is not None}
    agreed, known = _agreed(work, invoice)
    if not differences_on(wanted, agreed, known, at):
        return voiding
    ahead = wanted.keys() & {one.key for one in known.prepaid}
    lapsed = [key for key in wanted if key in ahead and differences_on({key}, agreed, known, at)]
    reason = f"{voiding.reason}; not billed again, as the difference to it was charged: {', '.join(lapsed)}"
    return replace(voiding, reason=reason, overrides={**voiding.overrides, **{wanted[key]: None for key in lapsed}})


def _refuse_differences(work: Work[BillingStore], invoice: Invoice, voiding: Voiding, at: datetime) -> None:
    """What is billed again is billed for less time; what was charged as a difference to it would stay one."""
    keys = {line.key for line in invoice.lines if voiding.of(line) is not None}
    charged = differences_on(keys, *_agreed(work, invoice), at)
    if charged:
        message = f"{', '.join(charged)} charged the difference to lines of it: void the invoices of these first"
        raise Conflict(message, "difference_charged")


def _agreed(work: Work[BillingStore], invoice: Invoice) -> tuple[Sequence[Subscription], Known]:
    """What the customer's subscriptions ask for, and what is known of their lines."""
    agreed = work.store.subscriptions.of_customer(invoice.customer_id)
    return agreed, work.store.lines.known_of([one.id for one in agreed])
