"""Credit notes as callers see them: issued, shown, voided."""

from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import datetime

from meterhouse.billing.app import COLLECTING_THE_WHOLE, Accepted, Apps, Refused, Waiting, app_of
from meterhouse.billing.credit_note import CreditNote, NoteState, Refund
from meterhouse.billing.crediting import Left, NoteWanted, is_given_back_since, lines_of, problems_of
from meterhouse.billing.drive import Driven
from meterhouse.billing.find_note import found_note, locked_invoice, locked_note
from meterhouse.billing.held_back import give_back_held
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.issue_credit_note import (
    NoteSpec,
    again,
    given_up,
    issue,
    prepare,
    refuse_uncreditable,
    void,
)
from meterhouse.billing.ports import BillingStore, NoteFilter, PageOf
from meterhouse.billing.saving import gone_on, save
from meterhouse.billing.service import found_invoice
from meterhouse.billing.state import InvoiceState
from meterhouse.billing.tell_note import TellNote
from meterhouse.kernel.errors import Conflict, Problems, Unavailable
from meterhouse.platform import clock, ids
from meterhouse.platform.work import Afterwards, Begin, Work, at_once


class CreditNoteService:
    def __init__(
        self,
        begin: Begin[BillingStore],
        apps: Apps,
        now: Callable[[], datetime] = clock.now,
        new_id: Callable[[], str] = ids.new_id,
        afterwards: Afterwards = at_once,
    ) -> None:
        self._begin = begin
        self._apps = apps
        self._now = now
        self._new_id = new_id
        self._afterwards = afterwards
        self._tell = TellNote(begin, apps, now)

    def create(self, namespace: str, invoice_id: str, wanted: NoteWanted) -> CreditNote:
        """Take back a part of an issued invoice, or all that is left of it.

        Where its app has to do something the note is pending first, and stays so while the app does not answer. Inside
        a transaction of the caller's the app is told once that is saved, and the answer is the pending note.

        Raises:
            NotFound: there is no such invoice.
            Conflict: `invoice_state`: it is neither due nor paid; `nothing_left`: all was taken back already.
            InvalidInput: with every fault.
        """
        with self._begin(namespace) as work:
            invoice, at = locked_invoice(work, invoice_id), self._now()
            refuse_uncreditable(invoice)
            left = Left(invoice, work.store.credit_notes.of_invoices([invoice_id]))
            if left.total <= 0:
                raise Conflict("nothing is left of what was invoiced", "nothing_left")
            _check(wanted, left, is_paid=invoice.state is InvoiceState.PAID)
            spec = NoteSpec(f"by_hand/{self._new_id()}", wanted.reason, wanted.refund, tuple(lines_of(wanted, left)))
            is_told = self._is_told(namespace, invoice, wanted)
            if is_told:
                note = prepare(work, invoice, spec, at)
                work.commit()
            else:
                note, driven = issue(work, invoice, spec, at)
                self._save(work, namespace, driven, at)
        return self._told(namespace, note) if is_told else note

    def _told(self, namespace: str, note: CreditNote) -> CreditNote:
        """The pending note as far as its app brings it; no app hears of one that may be lost yet."""
        found = [note]

        def tell() -> None:
            with suppress(Unavailable):
                found.append(self._tell(namespace, note.id))

        self._afterwards(tell)
        return found[-1]

    def retry(self, namespace: str, note_id: str) -> CreditNote:
        """Tell the app of a note that is pending, or that failed; one that is neither stays what it is.

        Raises:
            NotFound: there is no such note.
            Conflict: `invoice_state`: its invoice is neither due nor paid by now; `nothing_left`: what the failed note
                would take was taken by others; `given_back_meanwhile`: billing gave back of its lines by itself since
                it failed, what it had held back maybe, and both are never summed.
            Unavailable: the app does not answer; the note stays pending, and runs tell it again.
        """
        with self._begin(namespace) as work:
            invoice, note = locked_note(work, note_id)
            at = self._now()
            has_failed = note.state is NoteState.FAILED
            if has_failed:
                refuse_uncreditable(invoice)
                _refuse_taken(invoice, note, work.store.credit_notes.of_invoices([invoice.id]))
                note = again(work, note, at)
                work.commit()
        return self._told(namespace, note) if has_failed else self._tell(namespace, note_id)

    def reported(
        self, namespace: str, note_id: str, answer: Accepted | Refused, attempt: int | None = None
    ) -> CreditNote:
        """What a system that pays back itself says of a note; raises as `TellNote.reported`."""
        return self._tell.reported(namespace, note_id, answer, attempt)

    def void(self, namespace: str, note_id: str) -> CreditNote:
        """As if the note had not been; one that is voided stays so. What it held back of unused time goes back.

        One that is pending is voided where its app did nothing of it, or does not tell: no app is told of it again.
        What an app that does not tell may have given back is for the caller to look up there, and to book by hand.

        Raises:
            NotFound: there is no such note.
            Conflict: `credit_note_used`: the money went on, or may go on; `credit_note_automatic`: billing would give
                it back again.
            Unavailable: the app of a pending note does not answer.
        """
        with self._begin(namespace) as work:
            invoice, note = locked_note(work, note_id)
            at = self._now()
            if not note.stands:
                return note
            if note.state is NoteState.PENDING:
                return self._given_up(work, namespace, invoice, note, at)
            voided, driven = void(work, invoice, note, at)
            save(work, [driven], at)
            give_back_held(work, driven.invoice, voided, at)
            work.commit()
        return voided

    def _given_up(
        self, work: Work[BillingStore], namespace: str, invoice: Invoice, note: CreditNote, at: datetime
    ) -> CreditNote:
        match app_of(self._apps, namespace, invoice).note_of(invoice, note):
            case Accepted():
                raise Conflict("the app has done its part already: retry the note", "credit_note_used")
            case Waiting():
                raise Conflict("whoever was told of it may be paying back: have it report", "credit_note_used")
            case Refused() | None:
                voided = given_up(work, note, at)
                give_back_held(work, invoice, voided, at)
                work.commit()
                return voided

    def get(self, namespace: str, note_id: str) -> CreditNote:
        """Raises `NotFound`."""
        with self._begin(namespace) as work:
            return found_note(work, note_id)

    def page(self, namespace: str, wanted: NoteFilter, page: PageOf) -> tuple[list[CreditNote], int]:
        """One page of notes by their issue, and how many there are."""
        with self._begin(namespace) as work:
            return work.store.credit_notes.page(wanted, page)

    def of_invoice(self, namespace: str, invoice_id: str) -> list[CreditNote]:
        """In the order of their issue; raises `NotFound` for an unknown invoice."""
        with self._begin(namespace) as work:
            found_invoice(work, invoice_id)
            return work.store.credit_notes.of_invoices([invoice_id])

    def _is_told(self, namespace: str, invoice: Invoice, wanted: NoteWanted) -> bool:
        """Whether the app has to pay back, or to collect less."""
        if invoice.state is InvoiceState.PAID:
            return wanted.refund is Refund.PAYMENT
        return app_of(self._apps, namespace, invoice).name in COLLECTING_THE_WHOLE

    def _save(self, work: Work[BillingStore], namespace: str, driven: Driven, at: datetime) -> None:
        save(work, gone_on(work, namespace, [driven], self._apps, at) if driven.transitions else [driven], at)
        work.commit()


def _refuse_taken(invoice: Invoice, failed: CreditNote, notes: Collection[CreditNote]) -> None:
    if not Left(invoice, notes).holds(failed.lines):
        raise Conflict("other notes took what this one would take back", "nothing_left")
    if is_given_back_since(failed, notes):
        message = "billing gave back of its lines by itself since it failed: issue a note of what is to go back besides"
        raise Conflict(message, "given_back_meanwhile")


def _check(wanted: NoteWanted, left: Left, *, is_paid: bool) -> None:
    problems = Problems()
    if wanted.refund is not Refund.NONE and not is_paid:
        problems.add("/refund", "invoice_not_paid", "nothing was paid: less is due, and there is nothing to refund")
    for problem in problems_of(wanted, left):
        problems.add(problem.field, problem.code, problem.message)
    problems.raise_if_any("the credit note cannot be issued")
