"""Which parts of an invoice an app may call by names of its own."""

from meterhouse.billing.app import Accepted
from meterhouse.billing.invoice import PAYMENT, Invoice, Line
from meterhouse.kernel.ids import derived_ulid

USAGE = "usage"
"""Stands for the units of a line that were free, among the parts of a discount's id."""


def discount_id(line: Line, *parts: str) -> str:
    """The id of what was taken off a line: of free units, or of a detailed line's key and the reason."""
    return derived_ulid(line.service_period.start, "line_discount", line.id, *parts)


def detailed_id(line: Line, key: str) -> str:
    """The id of a line's detailed line of this key."""
    return derived_ulid(line.service_period.start, "detailed_line", line.id, key)


def strangers(invoice: Invoice, answer: Accepted) -> list[str]:
    """Ids in the answer that are of no line of the invoice and of nothing taken off one."""
    known = {PAYMENT} | {part for line in invoice.lines for part in _parts(line)}
    return sorted(set(answer.external_ids) - known)


def _parts(line: Line) -> list[str]:
    taken = [discount_id(line, part.key, discount.reason) for part in line.detailed for discount in part.discounts]
    return [line.id, *(detailed_id(line, part.key) for part in line.detailed), discount_id(line, USAGE), *taken]
