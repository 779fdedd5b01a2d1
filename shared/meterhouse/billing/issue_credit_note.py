"""Issues a credit note on an invoice: in the books, and on what is due or as credit in place of the money."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from meterhouse.billing.credit_note import CreditNote, NoteLine, NoteState, Refund, told_again_at
from meterhouse.billing.drive import Driven
from meterhouse.billing.events import note_event
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.ports import BillingStore
from meterhouse.billing.state import InvoiceState, Trigger
from meterhouse.kernel.errors import Conflict
from meterhouse.kernel.ids import derived_ulid
from meterhouse.kernel.rounding import EXACT
from meterhouse.ledger import invoice_postings as postings
from meterhouse.ledger.credit_grant import Funding
from meterhouse.ledger.grant_credit import grant_for_money
from meterhouse.ledger.grant_rules import CreditGrantSpec, PurchaseSpec
from meterhouse.ledger.invoice_postings import Owed
from meterhouse.ledger.postings import Entries
from meterhouse.ledger.transaction import Kind, Transaction
from meterhouse.platform.work import Work

_S = InvoiceState
_OPEN = frozenset({_S.PAYMENT_PENDING, _S.PAYMENT_FAILED, _S.PAYMENT_ACTION_REQUIRED, _S.OVERDUE})
"""States in which less may become due: nobody has paid, or promised to."""
_SCOPE, _PREFIX = "credit_note", "CN"
_NONE = Decimal(0)


@dataclass(frozen=True, slots=True)
class NoteSpec:
    """A note that is sound; `key` is its business key, `credit_from` when credit for it may be burnt: None: at once."""

    key: str
    reason: str
    refund: Refund
    lines: tuple[NoteLine, ...]
    is_automatic: bool = False
    credit_from: datetime | None = None


def is_creditable(invoice: Invoice) -> bool:
    """Whether a note may be issued on it now: it is paid, or due and nobody has promised to pay."""
    return invoice.state is _S.PAID or invoice.state in _OPEN


def refuse_uncreditable(invoice: Invoice) -> None:
    """Raises `Conflict` `invoice_state` for an invoice on which no note may be issued now."""
    if not is_creditable(invoice):
        state = invoice.state.value
        raise Conflict(f"an invoice is credited once it is due or paid; it is {state}", "invoice_state")


def issue(work: Work[BillingStore], invoice: Invoice, spec: NoteSpec, at: datetime) -> tuple[CreditNote, Driven]:
    """The note of a locked customer's creditable invoice, written, and the invoice after it, which the caller saves.

    Where nothing is due any more the invoice is on its way to be paid.
    """
    note = _made(work, invoice, spec, NoteState.ISSUED, at)
    if spec.refund is Refund.CREDIT and note.net_back:
        note = replace(note, grant_id=_granted(work, note, spec.credit_from or at, at))
    work.store.credit_notes.add(note)
    work.publish(note_event(note))
    return note, _after(invoice, note, at)


def prepare(work: Work[BillingStore], invoice: Invoice, spec: NoteSpec, at: datetime) -> CreditNote:
    """The note, written and pending: its app is told before it changes anything."""
    note = replace(_made(work, invoice, spec, NoteState.PENDING, at), tell_at=told_again_at(0, at))
    work.store.credit_notes.add(note)
    work.publish(note_event(note))
    return note


def accepted(
    work: Work[BillingStore], invoice: Invoice, note: CreditNote, external_id: str | None, at: datetime
) -> tuple[CreditNote, Driven]:
    """The pending note in force, written, and the invoice after it, which the caller saves.

    An invoice that was paid meanwhile, as its app has nothing left to collect, is one of which money came back.
    """
    was_paid = invoice.state is _S.PAID
    issued = replace(
        note, state=NoteState.ISSUED, was_paid=was_paid, external_id=external_id, updated_at=at, tell_at=None
    )
    work.store.credit_notes.save(issued)
    work.publish(note_event(issued))
    return issued, _after(invoice, issued, at)


def refused(work: Work[BillingStore], note: CreditNote, reason: str, at: datetime) -> CreditNote:
    """The pending note, failed and written."""
    failed = replace(note, state=NoteState.FAILED, failure=reason, updated_at=at, tell_at=None)
    work.store.credit_notes.save(failed)
    work.publish(note_event(failed))
    return failed


def came_back(
    work: Work[BillingStore], invoice: Invoice, note: CreditNote, reason: str, at: datetime
) -> tuple[CreditNote, Driven]:
    """The note whose money went back and did not arrive, failed and written; the books have the money again."""
    entries = postings.negated(_entries(note))
    return refused(work, note, reason, at), Driven(invoice, (), (_booking(note, "failed", entries, at),))


def again(work: Work[BillingStore], note: CreditNote, at: datetime) -> CreditNote:
    """The failed note, pending once more and written: another attempt, of which its app is told anew."""
    pending = replace(
        note,
        state=NoteState.PENDING,
        failure=None,
        external_id=None,
        updated_at=at,
        attempt=note.attempt + 1,
        tellings=0,
        tell_at=told_again_at(0, at),
    )
    work.store.credit_notes.save(pending)
    work.publish(note_event(pending))
    return pending


def _made(work: Work[BillingStore], invoice: Invoice, spec: NoteSpec, state: NoteState, at: datetime) -> CreditNote:
    return CreditNote(
        id=derived_ulid(at, "credit_note", spec.key),
        number=f"{_PREFIX}-{work.store.invoices.take_numbers(_SCOPE, 1)[-1]:06d}",
        key=spec.key,
        invoice_id=invoice.id,
        customer_id=invoice.customer_id,
        currency=invoice.currency,
        reason=spec.reason,
        refund=spec.refund,
        state=state,
        lines=tuple(sorted(spec.lines, key=lambda line: line.line_id)),
        issued_at=at,
        updated_at=at,
        is_automatic=spec.is_automatic,
        was_paid=invoice.state is _S.PAID,
    )


def void(work: Work[BillingStore], invoice: Invoice, note: CreditNote, at: datetime) -> tuple[CreditNote, Driven]:
    """The note as if it had not been, written, and the invoice after it, which the caller saves.

    Raises:
        Conflict: the money went on already, or what the note was for still holds.
    """
    if note.is_automatic:
        raise Conflict("what billing gave back by itself it would give back again", "credit_note_automatic")
    is_told = note.state is not NoteState.ISSUED or note.external_id is not None or note.refund is not Refund.NONE
    if is_told or (invoice.state is _S.PAID) is not note.was_paid or not is_creditable(invoice):
        raise Conflict("what the note gave back has gone on", "credit_note_used")
    voided = replace(note, state=NoteState.VOIDED, voided_at=at, updated_at=at)
    work.store.credit_notes.save(voided)
    work.publish(note_event(voided))
    net, taxes = note.net_back, note.taxes_back
    credited = invoice.credited if note.was_paid else invoice.credited.plus(EXACT.minus(net), EXACT.minus(taxes))
    entries = postings.negated(_entries(note))
    return voided, Driven(replace(invoice, credited=credited), (), (_booking(note, "voided", entries, at),))


def given_up(work: Work[BillingStore], note: CreditNote, at: datetime) -> CreditNote:
    """The pending note, voided and written: no app is told of it any more, and it holds no amount."""
    voided = replace(note, state=NoteState.VOIDED, voided_at=at, updated_at=at, tell_at=None)
    work.store.credit_notes.save(voided)
    work.publish(note_event(voided))
    return voided


def _after(invoice: Invoice, note: CreditNote, at: datetime) -> Driven:
    if not note.net_back and not note.taxes_back:
        return Driven(invoice)
    written_off = postings.negated(postings.losing(_owed(note))) if invoice.state is _S.UNCOLLECTIBLE else ()
    booking = _booking(note, "issued", (*_entries(note), *written_off), at)
    if note.was_paid:
        return Driven(invoice, (), (booking,))
    driven = Driven(replace(invoice, credited=invoice.credited.plus(note.net_back, note.taxes_back)), (), (booking,))
    return driven if driven.invoice.due else driven.must_fire(Trigger.PAID, at, "nothing is due any more")


def _granted(work: Work[BillingStore], note: CreditNote, since: datetime, at: datetime) -> str:
    spec = CreditGrantSpec(
        name=f"Credit note {note.number}",
        funding=Funding.EXTERNAL,
        currency=note.currency,
        amount=note.net_back,
        key=f"credit_note/{note.id}",
        effective_at=since,
        purchase=PurchaseSpec(note.currency),
    )
    grant, events = grant_for_money(work.store.credit, note.customer_id, spec, at)
    work.publish(*events)
    return grant.id


def _entries(note: CreditNote) -> Entries:
    owed = _owed(note)
    if note.was_paid:
        return postings.refunding(owed)
    return postings.negated((*postings.invoicing(owed), *postings.earning(owed)))


def _owed(note: CreditNote) -> Owed:
    return Owed(note.currency, services=note.net_back, purchases=_NONE, taxes=note.taxes_back)


def _booking(note: CreditNote, step: str, entries: Entries, at: datetime) -> Transaction:
    key = f"credit_note/{note.id}/{step}" + ("" if note.attempt == 1 else f"/{note.attempt}")
    return Transaction(key, Kind.TAKEN_BACK, note.customer_id, at, at, entries, invoice=note.invoice_id)
