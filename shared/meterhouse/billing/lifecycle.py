"""Where an invoice is taken up again, and until when it waits."""

from datetime import datetime

from meterhouse.billing.app import CopyState, InvoicingApp, Payment, Refused
from meterhouse.billing.bookings import BookingsOf, bookings_of
from meterhouse.billing.drive import Driven, drive
from meterhouse.billing.dunning import Dunning, Planned
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.payment_report import LAST_WORDS
from meterhouse.billing.state import RETRIED_BY_RUNS, TRANSITIONS, InvoiceState, Trigger, target_of
from meterhouse.kernel.changed import replace
from meterhouse.kernel.errors import Unavailable


def resumed(invoice: Invoice, app: InvoicingApp, at: datetime) -> Driven:
    """The invoice back at the work that failed; one that lacks quantities waits for collecting.

    One that was to be deleted and that its app has collected comes back to life: what was paid is issued.

    Raises:
        Unavailable: the app does not tell whether it has collected it.
    """
    driven = Driven(invoice)
    if invoice.state is InvoiceState.DELETE_FAILED and app.copy_of(invoice) is CopyState.COLLECTED:
        return driven.must_fire(Trigger.RETRY, at, "it is not deleted, as its app has collected it")
    trigger = RETRIED_BY_RUNS.get(invoice.state)
    lacks_usage = invoice.state is InvoiceState.DRAFT_INVALID and invoice.quantity_snapshotted_at is None
    return driven if trigger is None or lacks_usage else driven.must_fire(trigger, at)


def drive_by_rule(
    driven: Driven, app: InvoicingApp, dunning: Dunning, at: datetime, bookings: BookingsOf = bookings_of
) -> Driven:
    """Go on until nothing follows at `at`, by the app or by dunning: each attempt puts the next step off.

    Raises:
        Unavailable: the app does not tell whether the invoice was paid, so nothing is done by rule.
    """
    driven = drive(driven, app, at, bookings)
    while (planned := dunning.planned(driven.invoice, app)) is not None and planned.at < at:
        driven = drive(_stepped(driven, app, planned, at), app, at, bookings)
    return driven


def _stepped(driven: Driven, app: InvoicingApp, planned: Planned, at: datetime) -> Driven:
    """The step by rule, unless the app has said its last word meanwhile and we were not told."""
    payment = app.payment_of(driven.invoice)
    if isinstance(payment, Refused):
        raise Unavailable(f"the app does not tell us of the payment: {payment.message}")
    said = None if payment is None or payment.trigger not in LAST_WORDS else payment
    stepped = None if said is None else _told(driven, said, at)
    return stepped or driven.must_fire(planned.trigger, at, planned.reason)


def _told(driven: Driven, said: Payment, at: datetime) -> Driven | None:
    ready = voidable(driven, at, said.reason) if said.trigger is Trigger.VOID else driven
    return ready.fired(said.trigger, at, said.reason)


def voidable(driven: Driven, at: datetime, reason: str | None) -> Driven:
    """The invoice where its app's word that it is void may follow.

    Of what is overdue the table has no way there. One by `uncollectible` would tell of a loss that is none, so it is
    `pending` in passing, and nobody is asked to pay.
    """
    is_overdue = driven.invoice.state is InvoiceState.OVERDUE
    return driven.must_fire(Trigger.RETRY, at, reason) if is_overdue else driven


def has_moved(before: Invoice, after: Invoice) -> bool:
    """Whether an attempt led anywhere: one that ended where it began did not, unless it was a payment."""
    return after.state is not before.state or after.payment_attempt != before.payment_attempt


def recorded(before: Invoice, attempted: Driven) -> Driven | None:
    """What there is to record of an attempt: all of it where it led anywhere.

    Of one that ended where it began it is the reason alone, if that is another than the one that is known.
    """
    after = attempted.invoice
    if has_moved(before, after):
        return attempted
    return None if after.issues == before.issues else Driven(replace(before, issues=after.issues))


def waits_until(invoice: Invoice, app: InvoicingApp, dunning: Dunning) -> datetime | None:
    """The instant at which the invoice goes on by itself; None where somebody has to act, or nothing follows."""
    match invoice.state:
        case InvoiceState.DRAFT_WAITING_FOR_COLLECTION:
            return invoice.collection_at
        case InvoiceState.DRAFT_WAITING_AUTO_APPROVAL:
            return invoice.draft_until
        case _:
            planned = dunning.planned(invoice, app)
            return None if planned is None else planned.at


def may_move(invoice: Invoice, app: InvoicingApp, dunning: Dunning, at: datetime) -> bool:
    """Whether there is anything to be done for the invoice at `at`; an unknown payment is asked about."""
    if invoice.state in {InvoiceState.DRAFT_WAITING_FOR_COLLECTION, InvoiceState.DRAFT_WAITING_AUTO_APPROVAL}:
        return target_of(invoice.state, Trigger.NEXT, invoice.holding(at)) is not None
    planned = dunning.planned(invoice, app)
    if planned is not None and planned.at < at:
        return True
    has_work = Trigger.NEXT in TRANSITIONS[invoice.state] or invoice.state is InvoiceState.PAYMENT_PENDING
    return has_work or invoice.state in RETRIED_BY_RUNS
