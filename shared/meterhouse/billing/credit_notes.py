"""Credit notes as callers see them: issued, shown, voided."""

from collections.abc import Callable
from datetime import datetime

from meterhouse.billing.app import COLLECTING_THE_WHOLE, Apps
from meterhouse.billing.credit_note import CreditNote, Refund
from meterhouse.billing.crediting import Left, NoteWanted, lines_of, problems_of
from meterhouse.billing.drive import Driven
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.issue_credit_note import NoteSpec, is_creditable, issue, void
from meterhouse.billing.ports import BillingStore, NoteFilter, PageOf
from meterhouse.billing.saving import gone_on, save
from meterhouse.billing.service import found_invoice
from meterhouse.billing.state import InvoiceState
from meterhouse.kernel.errors import Conflict, NotFound, Problems
from meterhouse.platform import clock, ids
from meterhouse.platform.work import Begin, Work


class CreditNoteService:
    def __init__(
        self,
        begin: Begin[BillingStore],
        apps: Apps,
        now: Callable[[], datetime] = clock.now,
        new_id: Callable[[], str] = ids.new_id,
    ) -> None:
        self._begin = begin
        self._apps = apps
        self._now = now
        self._new_id = new_id

    def create(self, namespace: str, invoice_id: str, wanted: NoteWanted) -> CreditNote:
        """Take back a part of an issued invoice, or all that is left of it.

        Raises:
            NotFound: there is no such invoice.
            Conflict: `invoice_state`: it is neither due nor paid; `app_collects_whole`: its app cannot be told that
                less is due; `nothing_left`: all was taken back already.
            InvalidInput: with every fault.
        """
        at = self._now()
        with self._begin(namespace) as work:
            invoice = _locked(work, invoice_id)
            self._refuse_state(namespace, invoice)
            left = Left(invoice, work.store.credit_notes.of_invoices([invoice_id]))
            if left.total <= 0:
                raise Conflict("nothing is left of what was invoiced", "nothing_left")
            _check(wanted, left, is_paid=invoice.state is InvoiceState.PAID)
            spec = NoteSpec(f"by_hand/{self._new_id()}", wanted.reason, wanted.refund, tuple(lines_of(wanted, left)))
            note, driven = issue(work, invoice, spec, at)
            self._save(work, namespace, driven, at)
        return note

    def void(self, namespace: str, note_id: str) -> CreditNote:
        """As if the note had not been; one that is voided stays so.

        Raises:
            NotFound: there is no such note.
            Conflict: `credit_note_used`: the money went on; `credit_note_automatic`: billing would give it back again.
        """
        at = self._now()
        with self._begin(namespace) as work:
            invoice = _locked(work, _found(work, note_id).invoice_id)
            note = _found(work, note_id)
            if not note.stands:
                return note
            voided, driven = void(work, invoice, note, at)
            self._save(work, namespace, driven, at)
        return voided

    def get(self, namespace: str, note_id: str) -> CreditNote:
        """Raises `NotFound`."""
        with self._begin(namespace) as work:
            return _found(work, note_id)

    def page(self, namespace: str, wanted: NoteFilter, page: PageOf) -> tuple[list[CreditNote], int]:
        """One page of notes by their issue, and how many there are."""
        with self._begin(namespace) as work:
            return work.store.credit_notes.page(wanted, page)

    def of_invoice(self, namespace: str, invoice_id: str) -> list[CreditNote]:
        """In the order of their issue; raises `NotFound` for an unknown invoice."""
        with self._begin(namespace) as work:
            found_invoice(work, invoice_id)
            return work.store.credit_notes.of_invoices([invoice_id])

    def _refuse_state(self, namespace: str, invoice: Invoice) -> None:
        if not is_creditable(invoice):
            state = invoice.state.value
            raise Conflict(f"an invoice is credited once it is due or paid; it is {state}", "invoice_state")
        app = self._apps.of(namespace, [invoice.app_id])[invoice.app_id]
        if app.name in COLLECTING_THE_WHOLE and invoice.state is not InvoiceState.PAID:
            raise Conflict(f"{app.name} would still collect the whole: credit it once it is paid", "app_collects_whole")

    def _save(self, work: Work[BillingStore], namespace: str, driven: Driven, at: datetime) -> None:
        save(work, gone_on(work, namespace, [driven], self._apps, at) if driven.transitions else [driven], at)
        work.commit()


def _locked(work: Work[BillingStore], invoice_id: str) -> Invoice:
    work.store.invoices.lock_customers([found_invoice(work, invoice_id).customer_id])
    return found_invoice(work, invoice_id)


def _found(work: Work[BillingStore], note_id: str) -> CreditNote:
    note = work.store.credit_notes.find(note_id)
    if note is None:
        raise NotFound("credit note", note_id)
    return note


def _check(wanted: NoteWanted, left: Left, *, is_paid: bool) -> None:
    problems = Problems()
    if wanted.refund is Refund.PAYMENT:
        problems.add("/refund", "not_supported_yet", "no app pays back yet: give credit, or pay it back elsewhere")
    elif wanted.refund is Refund.CREDIT and not is_paid:
        problems.add("/refund", "invoice_not_paid", "nothing was paid: less is due, and there is nothing to refund")
    for problem in problems_of(wanted, left):
        problems.add(problem.field, problem.code, problem.message)
    problems.raise_if_any("the credit note cannot be issued")
