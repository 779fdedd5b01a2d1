"""What must hold of invoices, looked at from outside: pure. Invariants 5 and 6 of the design."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from meterhouse.billing.collection import usage_of
from meterhouse.billing.invariants import issues_of
from meterhouse.billing.invoice import Invoice, Line, Severity
from meterhouse.billing.profile import Workflow
from meterhouse.ledger.audit import Finding
from meterhouse.rating.rate import rate
from meterhouse.rating.rerun import rerun
from meterhouse.rating.trace import VERSION, is_genuine
from meterhouse.subscriptions.target import TargetLine

_KNOWN_BY_ITSELF = "negative_total"
"""Refused when an invoice is validated, and no sign of broken books."""
_RATED = ("amount", "charges_total", "discounts_total")
_NOTHING = Decimal(0)


def invoice_findings(invoice: Invoice, invoiced: Mapping[str, Decimal]) -> Iterator[Finding]:
    """Where a rated invoice is not what its lines, its lines' inputs and the books say.

    One that knows of a critical issue goes nowhere and is nobody's finding. `invoiced` is what was booked to be paid,
    by invoice.
    """
    if invoice.quantity_snapshotted_at is None or invoice.deleted_at is not None or _is_refused(invoice):
        return
    for issue in issues_of(invoice):
        if issue.code != _KNOWN_BY_ITSELF:
            subject = f"{invoice.id}{issue.field}"
            yield Finding(issue.code, subject, invoice.customer_id, issue.message, invoice.id)
    for line in invoice.lines:
        if detail := _difference(line, invoice.workflow):
            yield Finding("line_rates_differently", line.id, invoice.customer_id, detail, invoice.id)
    booked = invoiced.get(invoice.id, _NOTHING)
    if invoice.issued_at is not None and booked != invoice.totals.total:
        detail = f"the total is {invoice.totals.total:f}, booked to be paid is {booked:f}"
        yield Finding("receivable_differs", invoice.id, invoice.customer_id, detail, invoice.id)


def unmade_finding(customer_id: str, target: TargetLine) -> Finding:
    """A subscription of the customer asks for it, and no line was made of it."""
    detail = f"due {target.invoice_at.isoformat()}, and there is no line of it"
    return Finding("line_missing", target.key, customer_id, detail)


def uncollected_finding(line: Line) -> Finding:
    """A line that runs should have invoiced."""
    detail = f"{line.key} was due {line.invoice_at.isoformat()}, and is not on an invoice"
    return Finding("line_not_invoiced", line.id, line.customer_id, detail)


def _is_refused(invoice: Invoice) -> bool:
    return any(issue.severity is Severity.CRITICAL for issue in invoice.issues)


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
    differing = [name for name in _RATED if getattr(again.totals, name) != getattr(line.totals, name)]
    if differing:
        told = (f"{name} {getattr(line.totals, name):f}, is {getattr(again.totals, name):f}" for name in differing)
        return f"{line.key}: {'; '.join(told)}"
    return None if again.document() == line.trace else f"{line.key}: rated again it leaves another trace"
