"""Apps are told of credit notes until they answer; what they say brings a note into force, or fails it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from meterhouse.billing.app import Accepted, Apps, Refused, Waiting, app_of
from meterhouse.billing.credit_note import CreditNote, NoteState, told_again_at
from meterhouse.billing.drive import Driven
from meterhouse.billing.find_note import found_note, locked_note
from meterhouse.billing.held_back import give_back_held
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.issue_credit_note import accepted, refuse_uncreditable, refused
from meterhouse.billing.ports import BillingStore
from meterhouse.billing.record_refund import returned
from meterhouse.billing.saving import gone_on, save
from meterhouse.billing.state import InvoiceState
from meterhouse.kernel.errors import Conflict, InvalidInput, Problem, Unavailable
from meterhouse.platform import clock
from meterhouse.platform.work import Begin, Work

Answer = Accepted | Refused | Waiting
_VOIDED = Refused("invoice_voided", "the invoice was voided meanwhile")


class TellNote:
    def __init__(self, begin: Begin[BillingStore], apps: Apps, now: Callable[[], datetime] = clock.now) -> None:
        self._begin = begin
        self._apps = apps
        self._now = now

    def __call__(self, namespace: str, note_id: str) -> CreditNote:
        """Tell the app of a pending note, as often as it takes; one that is not pending stays what it is.

        Raises:
            NotFound: there is no such note.
            Conflict: `invoice_state`: somebody has promised to pay its invoice.
            Unavailable: the app does not answer. In both cases the note stays pending, and its time is put off.
        """

        def asked(invoice: Invoice, note: CreditNote) -> Answer:
            return app_of(self._apps, namespace, invoice).take_back(invoice, note)

        try:
            return self._answered(namespace, note_id, asked)
        except (Conflict, Unavailable):
            self._put_off(namespace, note_id)
            raise

    def due(self, namespace: str, invoice_id: str) -> datetime | None:
        """Tell the app of the invoice's notes whose time has come; when the next of them is told again, if any is.

        What the audit of the books holds waits until it is let go.
        """
        at = self._now()
        with self._begin(namespace) as work:
            is_held = work.store.findings.parked([invoice_id])
            notes = [] if is_held else work.store.credit_notes.of_invoices([invoice_id])
        waiting = [self._tried(namespace, one.id) for one in notes if one.tell_at is not None and one.tell_at <= at]
        return min((one for one in waiting if one is not None), default=None)

    def reported(
        self, namespace: str, note_id: str, answer: Accepted | Refused, attempt: int | None = None
    ) -> CreditNote:
        """What a system that pays back itself says of a note; the same again changes nothing.

        What it gave back may come back, too: then the note has failed. What it says of an `attempt` that is over does
        not touch the one that is under way.

        Raises:
            NotFound: there is no such note.
            InvalidInput: `attempt_unknown`: the attempt has not begun yet.
            Conflict: `invoice_state`; `credit_note_not_awaited`: its app is not waited for.
        """

        def reported(invoice: Invoice, _note: CreditNote) -> Answer:
            if invoice.state is not InvoiceState.PAID or not self._is_waited_for(namespace, invoice):
                raise Conflict("nobody has to report of this note", "credit_note_not_awaited")
            return answer

        with self._begin(namespace) as work:
            invoice, note = locked_note(work, note_id)
            at = self._now()
            if attempt is not None and attempt > note.attempt:
                fault = Problem("/attempt", "attempt_unknown", f"the note is in its attempt {note.attempt}")
                raise InvalidInput("the report is of no attempt that there was", [fault])
            if attempt is not None and attempt < note.attempt:
                return note
            if isinstance(answer, Refused) and note.state is NoteState.ISSUED and note.goes_back_by_app:
                reported(invoice, note)
                note = returned(work, invoice, note, answer.message, at)
            else:
                note = self._after(work, namespace, invoice, note, reported)
            work.commit()
        return note

    def _answered(self, namespace: str, note_id: str, ask: Callable[[Invoice, CreditNote], Answer]) -> CreditNote:
        with self._begin(namespace) as work:
            note = self._after(work, namespace, *locked_note(work, note_id), ask)
            work.commit()
        return note

    def _after(
        self,
        work: Work[BillingStore],
        namespace: str,
        invoice: Invoice,
        note: CreditNote,
        ask: Callable[[Invoice, CreditNote], Answer],
    ) -> CreditNote:
        """The locked note after the answer, written; one that is not pending is not asked for."""
        if note.state is not NoteState.PENDING:
            return note
        at = self._now()
        match self._answer(invoice, note, ask):
            case Accepted(external_id=external_id):
                issued, driven = accepted(work, invoice, note, external_id, at)
                self._save(work, namespace, driven, at)
                return issued
            case Refused(message=message):
                failed = refused(work, note, message, at)
                give_back_held(work, invoice, failed, at)
                return failed
            case Waiting():
                waiting = replace(note, tell_at=None)
                work.store.credit_notes.save(waiting)
                return waiting

    def _answer(self, invoice: Invoice, note: CreditNote, ask: Callable[[Invoice, CreditNote], Answer]) -> Answer:
        """What is uncollectible may be credited at the app already, whose answer was lost."""
        if invoice.state is InvoiceState.VOIDED:
            return _VOIDED
        if invoice.state is not InvoiceState.UNCOLLECTIBLE:
            refuse_uncreditable(invoice)
        return ask(invoice, note)

    def _tried(self, namespace: str, note_id: str) -> datetime | None:
        try:
            return self(namespace, note_id).tell_at
        except (Conflict, Unavailable):
            with self._begin(namespace) as work:
                return found_note(work, note_id).tell_at

    def _put_off(self, namespace: str, note_id: str) -> None:
        at = self._now()
        with self._begin(namespace) as work:
            _, note = locked_note(work, note_id)
            if note.tell_at is not None:
                told = note.tellings + 1
                work.store.credit_notes.save(replace(note, tellings=told, tell_at=told_again_at(told, at)))
                work.commit()

    def _is_waited_for(self, namespace: str, invoice: Invoice) -> bool:
        return not app_of(self._apps, namespace, invoice).is_remote

    def _save(self, work: Work[BillingStore], namespace: str, driven: Driven, at: datetime) -> None:
        save(work, gone_on(work, namespace, [driven], self._apps, at) if driven.transitions else [driven], at)
