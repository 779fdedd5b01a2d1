"""What credit left of lines in units, as far as it is, or is to be, paid."""

from collections.abc import Iterable
from typing import NamedTuple

from meterhouse.billing.invoice import Invoice, Line
from meterhouse.billing.line_keys import overage_key
from meterhouse.billing.overages import leaves_money
from meterhouse.billing.ports import Invoices, Lines


class Standing(NamedTuple):
    """A line for units that credit left, and the invoice that it is on, the gathering one maybe."""

    line: Line
    invoice: Invoice


def standing_overages(invoices: Invoices, lines: Lines, units: Iterable[Line]) -> dict[str, Standing]:
    """By the id of each line in units; what is on a deleted or voided invoice, or was taken off, is given up."""
    found = lines.live([overage_key(line.key) for line in units if leaves_money(line)])
    kept = [line for line in found if line.deleted_at is None]
    on = {one: invoices.find(one) for one in dict.fromkeys(line.invoice_id for line in kept)}
    return {
        line.overage.line_id: Standing(line, invoice)
        for line in kept
        if line.overage is not None and (invoice := on[line.invoice_id]) is not None
        if invoice.deleted_at is None and invoice.voided_at is None
    }
