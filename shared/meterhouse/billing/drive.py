"""Moves an invoice from state to state as far as it goes at an instant, doing each state's work on the way."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from meterhouse.billing.app import InvoicingApp, Refused
from meterhouse.billing.invariants import issues_of
from meterhouse.billing.invoice import Invoice, Issue, Severity, Transition
from meterhouse.billing.state import InvoiceState, Trigger, target_of
from meterhouse.kernel.errors import Conflict


@dataclass(frozen=True, slots=True)
class Driven:
    """An invoice and the steps it took; nothing is saved yet."""

    invoice: Invoice
    transitions: tuple[Transition, ...] = ()

    def fired(self, trigger: Trigger, at: datetime, reason: str | None = None) -> "Driven | None":
        """One step further, or None where the trigger is not permitted."""
        source = self.invoice.state
        target = target_of(source, trigger, self.invoice.holding(at))
        if target is None:
            return None
        number = self.invoice.step + 1
        invoice = _entered(replace(self.invoice, state=target, step=number), at)
        return Driven(invoice, (*self.transitions, Transition(number, trigger, source, target, at, reason)))

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


@dataclass(frozen=True, slots=True)
class _Done:
    """A state's work is done; `trigger` None: its outcome is not known yet."""

    invoice: Invoice
    trigger: Trigger | None = Trigger.NEXT
    reason: str | None = None


_COLLECTS = {
    InvoiceState.DRAFT_CREATED,
    InvoiceState.DRAFT_WAITING_FOR_COLLECTION,
    InvoiceState.DRAFT_COLLECTING,
    InvoiceState.DRAFT_UPDATING,
}
"""Left by collecting alone, which knows the usage."""


def drive(driven: Driven, app: InvoicingApp, at: datetime) -> Driven:
    """Go on until the next step is not permitted at `at`, waits for somebody, or failed."""
    while driven.invoice.state not in _COLLECTS:
        work = _WORK.get(driven.invoice.state)
        done = _Done(driven.invoice) if work is None else work(driven.invoice, app)
        driven = replace(driven, invoice=done.invoice)
        following = None if done.trigger is None else driven.fired(done.trigger, at, done.reason)
        if following is None:
            return driven
        driven = following
    return driven


def _validated(invoice: Invoice, app: InvoicingApp) -> _Done:
    checked = replace(invoice, issues=(*issues_of(invoice), *app.validate(invoice)))
    critical = [issue.message for issue in checked.issues if issue.severity is Severity.CRITICAL]
    return _Done(checked, Trigger.FAILED, critical[0]) if critical else _Done(checked)


def _synced(invoice: Invoice, app: InvoicingApp) -> _Done:
    answer = app.sync(invoice)
    if isinstance(answer, Refused):
        return _refused(invoice, app, answer)
    return _Done(replace(invoice, external_id=answer.external_id or invoice.external_id))


def _finalized_lines(invoice: Invoice, _app: InvoicingApp) -> _Done:
    broken = issues_of(invoice)
    return _Done(replace(invoice, issues=broken), Trigger.FAILED, broken[0].message) if broken else _Done(invoice)


def _finalized(invoice: Invoice, app: InvoicingApp) -> _Done:
    answer = app.finalize(invoice)
    if isinstance(answer, Refused):
        return _refused(invoice, app, answer)
    number, external_id = answer.number or invoice.number, answer.external_id or invoice.external_id
    return _Done(replace(invoice, number=number, external_id=external_id, issues=_warnings(invoice)))


def _deleted(invoice: Invoice, app: InvoicingApp) -> _Done:
    answer = app.delete(invoice)
    return _refused(invoice, app, answer) if isinstance(answer, Refused) else _Done(invoice)


def _paid(invoice: Invoice, app: InvoicingApp) -> _Done:
    payment = app.collect_payment(invoice)
    return _Done(invoice, None) if payment is None else _Done(invoice, payment.trigger, payment.reason)


def _refused(invoice: Invoice, app: InvoicingApp, answer: Refused) -> _Done:
    issue = Issue(Severity.CRITICAL, answer.code, f"app.{app.name}", answer.message)
    return _Done(replace(invoice, issues=(*_warnings(invoice), issue)), Trigger.FAILED, answer.message)


def _warnings(invoice: Invoice) -> tuple[Issue, ...]:
    return tuple(issue for issue in invoice.issues if issue.severity is Severity.WARNING)


_WORK: dict[InvoiceState, Callable[[Invoice, InvoicingApp], _Done]] = {
    InvoiceState.DRAFT_VALIDATING: _validated,
    InvoiceState.DRAFT_SYNCING: _synced,
    InvoiceState.DELETE_SYNCING: _deleted,
    InvoiceState.ISSUING_LINE_FINALIZATION: _finalized_lines,
    InvoiceState.ISSUING_SYNCING: _finalized,
    InvoiceState.PAYMENT_PENDING: _paid,
}


def _entered(invoice: Invoice, at: datetime) -> Invoice:
    match invoice.state:
        case InvoiceState.ISSUED:
            return replace(invoice, issued_at=at, due_at=invoice.workflow.due_after.after(at))
        case InvoiceState.VOIDED:
            return replace(invoice, voided_at=at)
        case InvoiceState.DELETED:
            return replace(invoice, deleted_at=at)
        case _:
            return invoice
