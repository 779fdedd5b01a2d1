"""Money that went back on a credit note and did not arrive, as apps report it, days later perhaps."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from meterhouse.billing.credit_note import CreditNote, NoteState
from meterhouse.billing.find_note import locked_note
from meterhouse.billing.held_back import give_back_held
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.issue_credit_note import came_back, refused
from meterhouse.billing.payment_report import Recorded
from meterhouse.billing.ports import BillingStore
from meterhouse.billing.saving import save
from meterhouse.platform import clock
from meterhouse.platform.work import Begin, Work


@dataclass(frozen=True, slots=True)
class RefundFailed:
    """Of which note, in which of its attempts, as the app was told, how the app calls the refund, and why."""

    note_id: str
    attempt: str | None
    external_id: str
    reason: str

    def is_of(self, note: CreditNote) -> bool:
        """Whether it tells of what the note stands on: an attempt may have found the refund of an earlier one good."""
        if note.external_id is None:
            return self.attempt == str(note.attempt)
        return self.external_id == note.external_id


class RecordRefund:
    def __init__(self, begin: Begin[BillingStore], now: Callable[[], datetime] = clock.now) -> None:
        self._begin = begin
        self._now = now

    def __call__(self, namespace: str, report: RefundFailed) -> Recorded:
        """The note has failed, and the books have the money again; a repeat, or an attempt that is over, is none.

        Raises:
            NotFound: there is no such note.
        """
        with self._begin(namespace) as work:
            invoice, note = locked_note(work, report.note_id)
            at = self._now()
            if not report.is_of(note):
                return Recorded.STALE
            if note.state is NoteState.FAILED:
                return Recorded.REPEATED
            if note.state is NoteState.ISSUED and note.goes_back_by_app:
                returned(work, invoice, note, report.reason, at)
            elif note.state is NoteState.PENDING:
                give_back_held(work, invoice, refused(work, note, report.reason, at), at)
            else:
                return Recorded.STALE
            work.commit()
        return Recorded.APPLIED


def returned(work: Work[BillingStore], invoice: Invoice, note: CreditNote, reason: str, at: datetime) -> CreditNote:
    """The note in force, failed, with its invoice and the books written; the caller commits."""
    failed, driven = came_back(work, invoice, note, reason, at)
    save(work, [driven], at)
    give_back_held(work, invoice, failed, at)
    return failed
