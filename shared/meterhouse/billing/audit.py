"""What must hold of invoices, looked at from outside: pure. Invariants 5 and 6 of the design."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from meterhouse.billing.books import Standing, credited_by, differing, standing_of
from meterhouse.billing.collection import usage_of
from meterhouse.billing.credit_note import CreditNote, summed
from meterhouse.billing.credits import charge_keys, possible_charges
from meterhouse.billing.invariants import issues_of
from meterhouse.billing.invoice import Invoice, Line, Severity
from meterhouse.billing.profile import Workflow
from meterhouse.kernel.rounding import EXACT
from meterhouse.ledger.audit import Finding
from meterhouse.rating.rate import rate
from meterhouse.rating.rerun import rerun
from meterhouse.rating.trace import VERSION, is_genuine
from meterhouse.subscriptions.target import TargetLine

_KNOWN_BY_ITSELF = "negative_total"
"""Refused when an invoice is validated, and no sign of broken books."""
_RATED = ("amount", "charges_total", "discounts_total")
_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Evidence:
    """An invoice, and what was booked of it.

    Attributes:
        invoiced: what was booked to be paid; None: nothing was.
        borne: by charge, what credit bears.
        notes: credit notes on it, whatever became of them.
        booked: what its transactions and those of its notes come to.
        unearned: charges to credit of which something is not earned, or was earned of nothing.
    """

    invoice: Invoice
    invoiced: Decimal | None
    borne: Mapping[str, Decimal]
    notes: Sequence[CreditNote] = ()
    booked: Standing = field(default_factory=dict)
    unearned: Collection[str] = ()


def _given_back(notes: Iterable[CreditNote]) -> Mapping[str, Decimal]:
    """By line, what the notes gave back to the credit that bore it."""
    found: dict[str, Decimal] = {}
    for line in (line for note in notes if note.stands for line in note.lines):
        found[line.line_id] = EXACT.add(found.get(line.line_id, _NOTHING), line.credits)
    return found


def invoice_findings(evidence: Evidence) -> Iterator[Finding]:
    """Where an invoice is not what its lines, its lines' inputs and the books say.

    One that knows of a critical issue goes nowhere and is nobody's finding, unless it was deleted.
    """
    invoice = evidence.invoice
    # what is issued passed every check, whatever somebody wrote onto it since
    is_refused = invoice.issued_at is None and any(issue.severity is Severity.CRITICAL for issue in invoice.issues)
    if invoice.deleted_at is not None or not is_refused:
        yield from _credit_findings(evidence)
    yield from _book_findings(evidence)
    if invoice.quantity_snapshotted_at is None or invoice.deleted_at is not None or is_refused:
        return
    for issue in issues_of(invoice):
        if issue.code != _KNOWN_BY_ITSELF:
            subject = f"{invoice.id}{issue.field}"
            yield Finding(issue.code, subject, invoice.customer_id, issue.message, invoice.id)
    for line in invoice.lines:
        if detail := _difference(line, invoice.workflow):
            yield Finding("line_rates_differently", line.id, invoice.customer_id, detail, invoice.id)


def _book_findings(evidence: Evidence) -> Iterator[Finding]:
    """Money, earnings and taxes are where its state and its notes say; its lines stand while it does."""
    invoice, told, booked = evidence.invoice, credited_by(evidence.notes), evidence.invoiced or _NOTHING
    if invoice.issued_at is not None and booked != invoice.totals.total:
        detail = f"the total is {invoice.totals.total:f}, booked to be paid is {booked:f}"
        yield Finding("receivable_differs", invoice.id, invoice.customer_id, detail, invoice.id)
    elif where := "; ".join(differing(standing_of(invoice, evidence.notes), evidence.booked)):
        yield Finding("books_differ", invoice.id, invoice.customer_id, where, invoice.id)
    if invoice.credited != told:
        detail = f"its credit notes make {told.total:f} less due, it says {invoice.credited.total:f}"
        yield Finding("credited_differs", invoice.id, invoice.customer_id, detail, invoice.id)
    for line in invoice.lines if invoice.voided_at is None else ():
        if not line.is_live:
            detail = f"{line.key} stands on the invoice and counts as taken back"
            yield Finding("line_not_live", line.id, invoice.customer_id, detail, invoice.id)


def _credit_findings(evidence: Evidence) -> Iterator[Finding]:
    """What credit bears of each line is what the line says; of what was deleted or voided it bears nothing.

    What it bears is earned once the invoice is issued.
    """
    invoice, returned = evidence.invoice, _given_back(evidence.notes)
    has_ended = invoice.deleted_at is not None or invoice.voided_at is not None
    is_earned = invoice.issued_at is not None or has_ended
    for line in invoice.lines:
        told = {} if has_ended else _borne(line, returned.get(line.id, _NOTHING))
        keys = sorted({*possible_charges(line, invoice.step), *charge_keys([line])})
        wrong = [
            f"{key}: borne is {told.get(key, _NOTHING):f}, booked is {evidence.borne.get(key, _NOTHING):f}"
            for key in keys
            if told.get(key, _NOTHING) != evidence.borne.get(key, _NOTHING)
        ]
        if wrong:
            yield Finding("credit_differs", line.id, invoice.customer_id, "; ".join(wrong), invoice.id)
        elif unearned := [key for key in keys if is_earned and key in evidence.unearned]:
            detail = f"what credit bears by {', '.join(unearned)} is not what was earned"
            yield Finding("credit_not_earned", line.id, invoice.customer_id, detail, invoice.id)


def _borne(line: Line, returned: Decimal) -> Mapping[str, Decimal]:
    """By charge; one bears a line, since each rating charges anew, and what notes return is of that."""
    borne = {key: summed(one.amount for one in line.credits if one.charge == key) for key in charge_keys([line])}
    return {key: EXACT.subtract(amount, returned) for key, amount in borne.items()}


def unmade_finding(customer_id: str, target: TargetLine) -> Finding:
    """A subscription of the customer asks for it, and no line was made of it."""
    detail = f"due {target.invoice_at.isoformat()}, and there is no line of it"
    return Finding("line_missing", target.key, customer_id, detail)


def uncollected_finding(line: Line) -> Finding:
    """A line that runs should have invoiced."""
    detail = f"{line.key} was due {line.invoice_at.isoformat()}, and is not on an invoice"
    return Finding("line_not_invoiced", line.id, line.customer_id, detail)


def unburnt_finding(line: Line) -> Finding:
    """A line that credit alone settles, and that runs should have charged to it."""
    detail = f"{line.key} was due {line.invoice_at.isoformat()}, and is not charged to credit"
    return Finding("line_not_charged", line.id, line.customer_id, detail)


def settled_finding(row_id: str, customer_id: str, key: str, charged: Decimal, borne: Decimal) -> Finding:
    """What credit alone settles of a full period is not what the books burnt of it."""
    detail = f"{key} comes to {charged:f}, burnt is {borne:f}"
    return Finding("settled_differs", row_id, customer_id, detail)


def unread_customer(customer_id: str, reason: str) -> Finding:
    """Something of the customer cannot be read, so that nothing is known of it."""
    return Finding("not_readable", customer_id, customer_id, reason)


def unread_invoice(customer_id: str, invoice_id: str, reason: str) -> Finding:
    """The invoice, or a line of it, cannot be read or judged."""
    return Finding("not_readable", invoice_id, customer_id, reason, invoice_id)


def _difference(line: Line, workflow: Workflow) -> str | None:
    """How rating the line's own inputs again differs from what it says; credits and taxes come after rating."""
    if line.quantity is None or line.trace is None:
        return None
    if not is_genuine(line.trace):
        return f"{line.key}: the trace is not what its hash was taken of"
    if line.trace.get("version") != VERSION:
        return None
    # of a part of a period the others that charged for it stand in the trace alone
    is_part = "epochs" in line.trace
    again = rerun(line.trace) if is_part else rate(usage_of(line, line.quantity, workflow)).trace
    others = [name for name in _RATED if getattr(again.totals, name) != getattr(line.totals, name)]
    if others:
        told = (f"{name} {getattr(line.totals, name):f}, is {getattr(again.totals, name):f}" for name in others)
        return f"{line.key}: {'; '.join(told)}"
    return None if again.document() == line.trace else f"{line.key}: rated again it leaves another trace"
