"""What must hold of every invoice, whoever made it."""

from collections.abc import Iterator
from decimal import Decimal, localcontext

from meterhouse.billing.invoice import NOTHING, Invoice, Issue, Line, Severity
from meterhouse.kernel.rounding import EXACT
from meterhouse.rating.line import summed

_COMPONENT = "meterhouse"
_NOTHING = Decimal(0)


def issues_of(invoice: Invoice) -> tuple[Issue, ...]:
    """Every broken rule as a critical issue; an invoice with one is never issued.

    Its total is the sum of its lines, a line's the sum of its detailed lines; all are of one customer and one
    currency; every line was rated; nobody is owed by an invoice.
    """
    with localcontext(EXACT):
        found = [*_sums(invoice), *_lines(invoice)]
    if invoice.totals.total < 0:
        found.append(_issue("negative_total", "the total is negative", "/totals/total"))
    return tuple(found)


def _sums(invoice: Invoice) -> Iterator[Issue]:
    if invoice.totals != sum((line.totals for line in invoice.lines), start=NOTHING):
        yield _issue("invoice_total_differs", "the totals are not the sum of the lines", "/totals")


def _lines(invoice: Invoice) -> Iterator[Issue]:
    for number, line in enumerate(invoice.lines):
        for code, message in _faults(invoice, line):
            yield _issue(code, message, f"/lines/{number}")


def _faults(invoice: Invoice, line: Line) -> Iterator[tuple[str, str]]:
    if line.trace is None or line.quantity is None:
        yield "line_not_rated", f"line {line.key} has no quantity yet"
    if line.totals != summed(line.detailed):
        yield "line_total_differs", f"the totals of {line.key} are not the sum of its detailed lines"
    if line.totals.credits_total != sum([one.amount for one in line.credits], start=_NOTHING):
        yield "line_credits_differ", f"credit bears another amount of {line.key} than it was charged"
    if line.currency != invoice.currency:
        yield "currency_differs", f"line {line.key} is in {line.currency}"
    if line.customer_id != invoice.customer_id:
        yield "customer_differs", f"line {line.key} is another customer's"


def _issue(code: str, message: str, field: str) -> Issue:
    return Issue(Severity.CRITICAL, code, _COMPONENT, message, field)
