"""Moves an invoice from state to state as far as it goes at an instant, doing each state's work on the way."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from meterhouse.billing.app import Accepted, InvoicingApp, Refused, Waiting
from meterhouse.billing.bookings import BOOKED_ON_ENTRY, BookingsOf, bookings_of
from meterhouse.billing.invariants import issues_of
from meterhouse.billing.invoice import Invoice, Issue, Severity, Transition
from meterhouse.billing.state import TRANSITIONS, InvoiceState, Trigger, target_of
from meterhouse.billing.taxes import UNTAXED, tax_faults, tax_issues, taxed
from meterhouse.kernel.changed import replace
from meterhouse.kernel.errors import Conflict, InvariantBroken
from meterhouse.ledger.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Driven:
    """An invoice, the steps it took and what they book; nothing is saved yet."""

    invoice: Invoice
    transitions: tuple[Transition, ...] = ()
    bookings: tuple[Transaction, ...] = ()

    def over(self, invoice: Invoice) -> "Driven":
        """The same steps, of an invoice that was changed beside them, maybe."""
        return self if invoice is self.invoice else Driven(invoice, self.transitions, self.bookings)

    def fired(self, trigger: Trigger, at: datetime, reason: str | None = None) -> "Driven | None":
        """One step further, or None where the trigger is not permitted."""
        taken = _taken(self.invoice, trigger, at, reason)
        if taken is None:
            return None
        invoice, step, booked = taken
        return Driven(invoice, (*self.transitions, step), (*self.bookings, *booked))

    def must_fire(self, trigger: Trigger, at: datetime, reason: str | None = None) -> "Driven":
        """One step further.

        Raises:
            Conflict: the trigger is not permitted in the present state.
        """
        fired = self.fired(trigger, at, reason)
        if fired is None:
            state = self.invoice.state.value
            raise Conflict(f"{trigger.value} is not possible for an invoice in {state}", "invoice_state")
        return fired


class _Done(NamedTuple):
    """A state's work is done; `trigger` None: its outcome is not known yet."""

    invoice: Invoice
    trigger: Trigger | None = Trigger.NEXT
    reason: str | None = None
    bookings: Sequence[Transaction] = ()


_COLLECTS = {
    InvoiceState.DRAFT_CREATED,
    InvoiceState.DRAFT_WAITING_FOR_COLLECTION,
    InvoiceState.DRAFT_COLLECTING,
    InvoiceState.DRAFT_UPDATING,
}
"""Left by collecting alone, which knows the usage."""


_UNGUARDED = {
    (state, trigger): first.to
    for state, ways in TRANSITIONS.items()
    for trigger, (first, *_) in ways.items()
    if not first.guards
}
"""Where triggers lead whatever holds, so that nobody has to look."""


def noticed(issues: tuple[Issue, ...], known: tuple[Issue, ...], at: datetime) -> tuple[Issue, ...]:
    """The issues with when each was noticed: at `at`, but for those that are `known`."""
    since = {issue: issue.noticed_at for issue in known}
    return tuple(replace(issue, noticed_at=issue.noticed_at or since.get(issue) or at) for issue in issues)


def drive(driven: Driven, app: InvoicingApp, at: datetime, bookings: BookingsOf = bookings_of) -> Driven:
    """Go on until the next step is not permitted at `at`, waits for somebody, or failed."""
    invoice, steps, booked = driven.invoice, [*driven.transitions], [*driven.bookings]
    while invoice.state not in _COLLECTS:
        invoice, trigger, reason, worked = _work(invoice, app, at, bookings)
        booked += worked
        taken = None if trigger is None else _taken(invoice, trigger, at, reason)
        if taken is None:
            break
        invoice, step, entered = taken
        steps.append(step)
        booked += entered
    if invoice.issues:
        invoice = replace(invoice, issues=noticed(invoice.issues, driven.invoice.issues, at))
    return Driven(invoice, tuple(steps), tuple(booked))


def _taken(
    invoice: Invoice, trigger: Trigger, at: datetime, reason: str | None
) -> tuple[Invoice, Transition, Sequence[Transaction]] | None:
    """The invoice one step further, the step, and what that books; None where the trigger is not permitted."""
    target = _UNGUARDED.get((invoice.state, trigger)) or target_of(invoice.state, trigger, invoice.holding(at))
    if target is None:
        return None
    entered = _entered(invoice, target, at)
    step = Transition(entered.step, trigger, invoice.state, target, at, reason)
    return entered, step, _booked_on_entry(invoice, target, at)


def _work(invoice: Invoice, app: InvoicingApp, at: datetime, bookings: BookingsOf) -> _Done:
    if invoice.state in _BOOKS:
        return _booked(invoice, at, bookings)
    work = _WORK.get(invoice.state)
    return _Done(invoice) if work is None else work(invoice, app, at)


def _booked(invoice: Invoice, at: datetime, bookings: BookingsOf) -> _Done:
    booked = bookings(invoice, invoice.state, at)
    if isinstance(booked, Refused):
        return _refused(invoice, "ledger", booked)
    return _Done(_warned(invoice), bookings=booked)


def _validated(invoice: Invoice, app: InvoicingApp, _at: datetime) -> _Done:
    checked = _with_issues(invoice, (*issues_of(invoice), *app.validate(invoice)))
    critical = [issue.message for issue in checked.issues if issue.severity is Severity.CRITICAL]
    return _Done(checked, Trigger.FAILED, critical[0]) if critical else _Done(checked)


def _synced(invoice: Invoice, app: InvoicingApp, at: datetime) -> _Done:
    if invoice.draft_synced_at is not None:
        return _taxes_checked(_Done(invoice))
    return _taxes_checked(_answered(invoice, app, app.sync(invoice), replace(invoice, draft_synced_at=at)))


def _taxes_checked(done: _Done) -> _Done:
    """A draft that its app has: enforced tax that nobody worked out fails it."""
    if done.trigger is not Trigger.NEXT:
        return done
    kept = [issue for issue in done.invoice.issues if issue.code != UNTAXED]
    found = tax_issues(done.invoice)
    checked = _with_issues(done.invoice, (*kept, *found))
    critical = [issue.message for issue in found if issue.severity is Severity.CRITICAL]
    return _Done(checked, Trigger.FAILED, critical[0]) if critical else _Done(checked)


def _finalized_lines(invoice: Invoice, _app: InvoicingApp, _at: datetime) -> _Done:
    broken = issues_of(invoice)
    return _Done(replace(invoice, issues=broken), Trigger.FAILED, broken[0].message) if broken else _Done(invoice)


def _finalized(invoice: Invoice, app: InvoicingApp, at: datetime) -> _Done:
    if invoice.issuing_synced_at is not None:
        return _Done(invoice)
    finalized = replace(invoice, issuing_synced_at=at, issues=_warnings(invoice))
    return _answered(invoice, app, app.finalize(invoice), finalized)


def _answered(invoice: Invoice, app: InvoicingApp, answer: Accepted | Refused | Waiting, accepted: Invoice) -> _Done:
    match answer:
        case Accepted():
            faults = [f"line {line_id}: {reason}" for line_id, reason in tax_faults(invoice, answer.taxes)]
            if faults:
                return _refused(invoice, f"app.{app.name}", Refused("tax_impossible", "; ".join(faults)))
            return _Done(with_answer(accepted, answer))
        case Refused():
            return _refused(invoice, f"app.{app.name}", answer)
        case Waiting():
            return _Done(invoice, None)


def with_answer(invoice: Invoice, answer: Accepted) -> Invoice:
    """The invoice with what its app calls it and the taxes it worked out; what the answer leaves out stays."""
    return replace(
        taxed(invoice, answer.taxes),
        number=answer.number or invoice.number,
        external_id=answer.external_id or invoice.external_id,
        external_ids={**invoice.external_ids, **answer.external_ids},
        sent_to_customer_at=answer.sent_to_customer_at or invoice.sent_to_customer_at,
    )


def _deleted(invoice: Invoice, app: InvoicingApp, _at: datetime) -> _Done:
    answer = app.delete(invoice)
    return _refused(invoice, f"app.{app.name}", answer) if isinstance(answer, Refused) else _Done(invoice)


def _paid(invoice: Invoice, app: InvoicingApp, _at: datetime) -> _Done:
    if not invoice.due:
        # nobody pays nothing: to wait for it, or to ask again, would never end
        return _Done(invoice, Trigger.PAID, "nothing is due")
    payment = app.collect_payment(invoice)
    if isinstance(payment, Refused):
        return _refused(invoice, f"app.{app.name}", payment)._replace(trigger=None)
    asked = _warned(invoice)
    return _Done(asked, None) if payment is None else _Done(asked, payment.trigger, payment.reason)


def _refused(invoice: Invoice, component: str, answer: Refused) -> _Done:
    issue = Issue(Severity.CRITICAL, answer.code, component, answer.message)
    return _Done(replace(invoice, issues=(*_warnings(invoice), issue)), Trigger.FAILED, answer.message)


def _warned(invoice: Invoice) -> Invoice:
    return _with_issues(invoice, _warnings(invoice))


def _with_issues(invoice: Invoice, issues: tuple[Issue, ...]) -> Invoice:
    return invoice if issues == invoice.issues else replace(invoice, issues=issues)


def _warnings(invoice: Invoice) -> tuple[Issue, ...]:
    return tuple(issue for issue in invoice.issues if issue.severity is Severity.WARNING)


_BOOKS = {
    InvoiceState.ISSUING_CHARGE_BOOKING,
    InvoiceState.BOOKING_AUTHORIZED,
    InvoiceState.BOOKING_AUTHORIZED_AND_SETTLED,
    InvoiceState.BOOKING_SETTLED,
}

_WORK: dict[InvoiceState, Callable[[Invoice, InvoicingApp, datetime], _Done]] = {
    InvoiceState.DRAFT_VALIDATING: _validated,
    InvoiceState.DRAFT_SYNCING: _synced,
    InvoiceState.DELETE_SYNCING: _deleted,
    InvoiceState.ISSUING_LINE_FINALIZATION: _finalized_lines,
    InvoiceState.ISSUING_SYNCING: _finalized,
    InvoiceState.PAYMENT_PENDING: _paid,
}


_ON_ENTRY: dict[InvoiceState, Callable[[Invoice, datetime], dict[str, Any]]] = {
    InvoiceState.DRAFT_SYNCING: lambda _invoice, _at: {"draft_synced_at": None},
    InvoiceState.ISSUING_SYNCING: lambda _invoice, _at: {"issuing_synced_at": None},
    InvoiceState.ISSUED: lambda invoice, at: {"issued_at": at, "due_at": invoice.workflow.due_after.after(at)},
    InvoiceState.PAYMENT_PENDING: lambda invoice, _at: {"payment_attempt": invoice.payment_attempt + 1},
    # that somebody tried to pay ends what is said of why nobody may
    InvoiceState.PAYMENT_FAILED: lambda invoice, at: {"payment_failed_at": at, "issues": _warnings(invoice)},
    InvoiceState.PAYMENT_ACTION_REQUIRED: lambda invoice, _at: {"issues": _warnings(invoice)},
    InvoiceState.VOIDED: lambda _invoice, at: {"voided_at": at},
    InvoiceState.DELETED: lambda _invoice, at: {"deleted_at": at},
}
"""What else changes of an invoice that comes to a state."""


def _entered(invoice: Invoice, state: InvoiceState, at: datetime) -> Invoice:
    changes = _ON_ENTRY.get(state)
    return replace(invoice, state=state, step=invoice.step + 1, **({} if changes is None else changes(invoice, at)))


def _booked_on_entry(before: Invoice, state: InvoiceState, at: datetime) -> Sequence[Transaction]:
    booked = bookings_of(before, state, at) if state in BOOKED_ON_ENTRY else ()
    if isinstance(booked, Refused):
        raise InvariantBroken(f"invoice {before.id} cannot be {state.value} in the books: {booked.message}")
    return booked
