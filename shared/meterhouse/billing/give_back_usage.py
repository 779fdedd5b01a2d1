"""Usage that was taken back after it was billed: what it came to goes back, in money on credit notes, and to credit."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from meterhouse.billing.burn_credit import return_part
from meterhouse.billing.credit_note import NoteLine, Refund, summed
from meterhouse.billing.crediting import Left, taken_down, worth_of
from meterhouse.billing.credits import charge_keys
from meterhouse.billing.invoice import Invoice, Line
from meterhouse.billing.issue_credit_note import NoteSpec, issue
from meterhouse.billing.late_lines import Family, parts_kept
from meterhouse.billing.ports import BillingStore
from meterhouse.billing.saving import save
from meterhouse.billing.state import InvoiceState
from meterhouse.kernel.currency import currency
from meterhouse.kernel.rounding import EXACT, round_fraction
from meterhouse.ledger.charging import borne_by_credit, give_back_part, recognise_credit
from meterhouse.platform.work import Work

_REASON = "usage was corrected after it was billed"
_NONE = Decimal(0)


def give_back_usage(work: Work[BillingStore], family: Family, difference: Line, now: datetime) -> Line | None:
    """Give back what a period's usage comes to less; the line that stands for it.

    None: invoices that charge for it are not paid yet, and nothing was done.
    """
    kept = {line.id: part for line, part in parts_kept(family.charging, family.too_much(difference))}
    if not difference.is_invoiced:
        _credit_back(work, [line for line in family.charging if line.id in kept], kept, difference.key, now)
        return replace(difference, is_pending=False)
    ids = dict.fromkeys(line.invoice_id for line in family.charging if line.id in kept)
    invoices = [found for one in ids if (found := work.store.invoices.find(one)) is not None]
    if not invoices or any(one.state is not InvoiceState.PAID for one in invoices):
        return None
    note_ids = [_noted(work, invoice, kept, difference.key, now) for invoice in invoices]
    return replace(difference, invoice_id=invoices[-1].id, note_id=note_ids[-1], is_pending=False)


def _noted(
    work: Work[BillingStore], invoice: Invoice, kept: Mapping[str, Fraction], late_key: str, now: datetime
) -> str:
    """Issue the note of one invoice; its id."""
    left = Left(invoice, work.store.credit_notes.of_invoices([invoice.id]))
    borne = borne_by_credit(work.store.credit, charge_keys(invoice.lines))
    lines: list[NoteLine] = []
    for line in invoice.lines:
        if line.id in kept:
            bears = summed(borne.get(key, _NONE) for key in charge_keys([line]))
            lines.append(taken_down(left, line.id, bears, worth_of(line, kept[line.id], left.exponent)))
    key = f"{late_key}/{invoice.id}"
    return_part(work, invoice, lines, key, now)
    note, driven = issue(work, invoice, NoteSpec(key, _REASON, Refund.CREDIT, tuple(lines), is_automatic=True), now)
    save(work, [driven], now)
    return note.id


def _credit_back(
    work: Work[BillingStore], lines: list[Line], kept: Mapping[str, Fraction], late_key: str, now: datetime
) -> None:
    """Give back to the grants, and it is not earned after all."""
    borne = borne_by_credit(work.store.credit, charge_keys(lines))
    amounts: dict[str, Decimal] = {}
    for line in lines:
        for charge in charge_keys([line]):
            worth = round_fraction(Fraction(line.totals.charged) * kept[line.id], currency(line.currency).exponent)
            amounts[charge] = max(EXACT.subtract(borne.get(charge, _NONE), worth), _NONE)
    back = {charge: amount for charge, amount in amounts.items() if amount}
    if back:
        give_back_part(work.store.credit, back, late_key, now)
        recognise_credit(work.store.credit, back, late_key, now)
