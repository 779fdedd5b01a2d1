"""What an invoice over some lines would come to: the arithmetic of real ones on quantities that are given."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from meterhouse.billing.collection import scheduled, usage_of, with_lines, with_result
from meterhouse.billing.invariants import issues_of
from meterhouse.billing.invoice import Invoice, Line
from meterhouse.billing.line_spec import LineSpec
from meterhouse.billing.profile import Workflow
from meterhouse.billing.state import InvoiceState
from meterhouse.catalog.price import FlatPrice
from meterhouse.catalog.price_rules import OUT_OF_RANGE, is_in_range
from meterhouse.kernel.errors import Problem
from meterhouse.rating.rate import rate
from meterhouse.rating.usage import Usage

_ONE, _NONE = Decimal(1), Decimal(0)


@dataclass(frozen=True, slots=True)
class Supposed:
    """A line with the units it would have used; `before`: those that earlier lines of its full period charged."""

    spec: LineSpec
    quantity: Decimal
    before: Decimal = _NONE


def quantity_problems(line: Supposed, at: str) -> Iterator[Problem]:
    """Why the quantities of the line at the JSON pointer `at` are none it could have."""
    for name, quantity in (("quantity", line.quantity), ("preLinePeriodQuantity", line.before)):
        if quantity < 0:
            yield Problem(f"{at}/{name}", "negative_quantity", "usage is not negative")
        if not is_in_range(quantity):
            yield Problem(f"{at}/{name}", "number_out_of_range", OUT_OF_RANGE)
    if isinstance(line.spec.price, FlatPrice):
        if line.quantity != _ONE:
            yield Problem(f"{at}/quantity", "flat_quantity", "a flat price is charged once: the quantity is 1")
        if line.before != _NONE:
            message = "a flat price has no units that were charged before"
            yield Problem(f"{at}/preLinePeriodQuantity", "flat_quantity", message)


def simulated(made: Invoice, number: str, lines: Sequence[Line], now: datetime) -> Invoice:
    """The draft that would come of a gathering invoice with these rated lines, and what would hold it up."""
    draft = scheduled(with_lines(replace(made, number=number, state=InvoiceState.DRAFT_CREATED), lines), now)
    return replace(draft, issues=issues_of(draft), quantity_snapshotted_at=now)


def rated_as(line: Line, supposed: Supposed, workflow: Workflow, now: datetime) -> Line:
    """The line with its amounts, were its usage what is supposed."""
    usage = usage_of(line, supposed.quantity, workflow)
    result = rate(_after(usage, supposed.before) if supposed.before else usage)
    return replace(with_result(line, supposed.quantity, result, now), quantity_before=supposed.before)


def _after(usage: Usage, before: Decimal) -> Usage:
    earlier = rate(replace(usage, quantity=before, is_last=False))
    return replace(usage, quantity_before=before, amount_before=earlier.totals.total, is_first=False)
