"""Taxes on rated lines, as whoever works them out says: after discounts and credits. Pure.

The house has no rates of its own (ADR 0027).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from meterhouse.billing.app import LineTax
from meterhouse.billing.invoice import NOTHING, Invoice, Issue, Line, Severity
from meterhouse.billing.profile import Workflow
from meterhouse.kernel.allocation import allocate
from meterhouse.kernel.changed import replace
from meterhouse.kernel.currency import currency
from meterhouse.kernel.rounding import EXACT, fits
from meterhouse.rating.line import DetailedLine, totals_of

_NOTHING = Decimal(0)
_ONE = Decimal(1)
_COMPONENT = "meterhouse"
CODES = frozenset({"taxCodeId", "stripe", "customInvoicing"})
"""Where a tax configuration says what is sold: by a code of ours, or as an app calls it."""
UNTAXED = "tax_not_determined"


def tax_config_of(line: Line, workflow: Workflow) -> Mapping[str, object]:
    """The line's tax settings; what it leaves open is as the profile has it.

    A line that names a code, in whatever words, has nothing of the profile's: its code may be unknown to an app that
    knows the profile's, and another code is another tax.
    """
    own, default = _given(line.rate_card.tax_config), _given(workflow.default_tax_config)
    if CODES & own.keys():
        default = {name: value for name, value in default.items() if name not in CODES}
    return {**default, **own}


def _given(config: Mapping[str, object] | None) -> Mapping[str, object]:
    return {name: value for name, value in (config or {}).items() if value is not None}


def taxable(line: Line) -> Decimal:
    """What taxes are taken of: amounts less discounts and credits."""
    return EXACT.subtract(line.totals.charged, line.totals.credits_total)


def tax_faults(invoice: Invoice, told: Mapping[str, LineTax]) -> Iterator[tuple[str, str]]:
    """Why lines cannot have the taxes that are told of them: each line's id and the reason."""
    if not told:
        return
    exponent, lines = currency(invoice.currency).exponent, {line.id: line for line in invoice.lines}
    for line_id, tax in told.items():
        if line_id not in lines:
            yield line_id, "it is no line of the invoice"
        else:
            yield from ((line_id, reason) for reason in _faults(lines[line_id], tax, invoice.workflow, exponent))


def taxed(invoice: Invoice, told: Mapping[str, LineTax]) -> Invoice:
    """The invoice with the taxes that are told of its lines; a line of which nothing is told keeps what it has."""
    if not told:
        return invoice
    lines = [_taxed(line, told[line.id]) if line.id in told else line for line in invoice.lines]
    return replace(invoice, lines=tuple(lines), totals=sum((line.totals for line in lines), start=NOTHING))


def tax_issues(invoice: Invoice) -> Sequence[Issue]:
    """Where nobody said what taxes a line has.

    Critical if the profile enforces tax. Otherwise worth a warning only if somebody said it of other lines: an app that
    works out no taxes leaves none undone.
    """
    workflow = invoice.workflow
    if not workflow.tax_enabled or not (workflow.tax_enforced or any(line.is_taxed for line in invoice.lines)):
        return ()
    lacking = [(n, line) for n, line in enumerate(invoice.lines) if taxable(line) and not line.is_taxed]
    severity = Severity.CRITICAL if workflow.tax_enforced else Severity.WARNING
    return [
        Issue(severity, UNTAXED, _COMPONENT, f"nobody said what taxes line {line.key} has", f"/lines/{number}")
        for number, line in lacking
    ]


def _faults(line: Line, tax: LineTax, workflow: Workflow, exponent: int) -> Iterator[str]:
    base = taxable(line)
    if (tax.inclusive or tax.exclusive) and not workflow.tax_enabled:
        yield "the profile has no taxes"
    for amount in (tax.inclusive, tax.exclusive):
        if not amount.is_finite() or not fits(amount, exponent):
            yield f"{line.currency} has {exponent} digits after the point"
        elif amount and (amount > 0) is not (base > 0):
            yield f"there is no tax of {amount:f} on {base:f}"
    if tax.inclusive.is_finite() and tax.inclusive.copy_abs() > base.copy_abs():
        yield f"{base:f} cannot hold {tax.inclusive:f} of tax"


def _taxed(line: Line, tax: LineTax) -> Line:
    exponent = currency(line.currency).exponent
    inclusive = _shared(tax.inclusive, line.detailed, exponent)
    exclusive = _shared(tax.exclusive, line.detailed, exponent)
    detailed = tuple(
        part._replace(taxes_inclusive=inclusive[part.key], taxes_exclusive=exclusive[part.key])
        for part in line.detailed
    )
    return replace(line, detailed=detailed, totals=totals_of(detailed), is_taxed=True)


def _shared(tax: Decimal, detailed: Iterable[DetailedLine], exponent: int) -> Mapping[str, Decimal]:
    """A line's tax on its detailed lines, by what is left of each without its sign, by largest remainder."""
    weights = [(part.key, EXACT.subtract(part.net, part.credits).copy_abs()) for part in detailed]
    if not tax:
        return dict.fromkeys((key for key, _ in weights), _NOTHING)
    if not any(weight for _, weight in weights):
        weights = [(key, _ONE) for key, _ in weights]
    return allocate(tax, weights, exponent)
