"""Usage that was taken back after it was billed: what it came to goes back, in money on credit notes, and to credit."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from meterhouse.billing.burn_credit import return_part
from meterhouse.billing.credit_note import CreditNote, NoteLine, Refund
from meterhouse.billing.crediting import lowered
from meterhouse.billing.credits import charge_keys
from meterhouse.billing.find_overages import Standing, standing_overages
from meterhouse.billing.invoice import Invoice, Line
from meterhouse.billing.issue_credit_note import NoteSpec, issue
from meterhouse.billing.late_lines import Family, families_of, parts_kept
from meterhouse.billing.line_keys import whole_of
from meterhouse.billing.ports import BillingStore
from meterhouse.billing.saving import save
from meterhouse.billing.state import InvoiceState
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
    charging = [line for line in family.charging if line.id in kept]
    if difference.is_invoiced:
        money = _money_back(work, charging, kept)
        if not money:
            return None
        # a note stands for the difference, even where all of it was taken back before
        noted = _note(work, [one for one in money if one.is_some] or money[-1:], difference.key, now)
        return replace(difference, invoice_id=noted[-1].invoice_id, note_id=noted[-1].id, is_pending=False)
    lowered, left = _overages_lowered(work, charging, kept)
    money = _money_back(work, lowered, left)
    if lowered and not money:
        return None
    _note(work, [one for one in money if one.is_some], difference.key, now)
    _credit_back(work, charging, kept, difference.key, now)
    return replace(difference, is_pending=False)


def give_back_booked(work: Work[BillingStore], invoice: Invoice, key: str, now: datetime) -> None:
    """Give back in money what lines of the invoice come to less for usage that was taken back, less what went back.

    What stands for that is booked already, whatever of the period is still to be read; `key` says why now.
    """
    units = work.store.lines.by_ids([line.overage.line_id for line in invoice.lines if line.overage is not None])
    lines = [line for line in (*invoice.lines, *units) if line.is_metered]
    if not lines:
        return
    wholes = {whole_of(line.key) for line in lines}
    billed = work.store.billed_usage.of([invoice.customer_id], min(line.service_period.start for line in lines))
    for family in families_of(billed):
        whole = whole_of(family.last.line.key)
        if whole in wholes:
            kept = {line.id: part for line, part in parts_kept(family.charging, family.booked_less)}
            charging = [line for line in family.charging if line.id in kept]
            if not family.last.line.is_invoiced:
                charging, kept = _overages_lowered(work, charging, kept)
            _note(work, [one for one in _money_back(work, charging, kept) if one.is_some], f"{whole}/{key}", now)


class _Back(NamedTuple):
    """What goes back of an invoice."""

    invoice: Invoice
    lines: Sequence[NoteLine]

    @property
    def is_some(self) -> bool:
        """Whether it is anything; what was taken back before, by hand too, counts."""
        return any(line.is_some for line in self.lines)


def _money_back(work: Work[BillingStore], lines: Sequence[Line], kept: Mapping[str, Fraction]) -> list[_Back]:
    """What goes back of each invoice of the lines; nothing while one is not paid."""
    ids = dict.fromkeys(line.invoice_id for line in lines)
    invoices = [found for one in ids if (found := work.store.invoices.find(one)) is not None]
    if any(one.state is not InvoiceState.PAID for one in invoices):
        return []
    notes = work.store.credit_notes
    borne = borne_by_credit(work.store.credit, charge_keys(line for one in invoices for line in one.lines))
    return [_Back(one, lowered(one, notes.of_invoices([one.id]), borne, kept)) for one in invoices]


def _overages_lowered(
    work: Work[BillingStore], charging: Sequence[Line], kept: Mapping[str, Fraction]
) -> tuple[list[Line], dict[str, Fraction]]:
    """The overages of lines in units that come down, and what part of each is kept."""
    overages = standing_overages(work.store.invoices, work.store.lines, charging)
    left = _units_left(charging, overages, kept)
    return [one.line for one in overages.values() if one.line.id in left], left


def _units_left(
    units: Iterable[Line], overages: Mapping[str, Standing], kept: Mapping[str, Fraction]
) -> dict[str, Fraction]:
    """What part is kept of overages that come down: credit goes on bearing what it bore, so money goes back first."""
    found: dict[str, Fraction] = {}
    for line in units:
        if line.id in overages:
            before = line.totals.total
            after = max(EXACT.subtract(_kept(line, kept), line.totals.credits_total), _NONE)
            found |= {overages[line.id].line.id: Fraction(after) / Fraction(before)} if after < before else {}
    return found


def _kept(line: Line, kept: Mapping[str, Fraction]) -> Decimal:
    """What of the line's charge is kept, at the precision of what it is priced in."""
    return round_fraction(Fraction(line.totals.charged) * kept[line.id], line.unit.exponent)


def _note(work: Work[BillingStore], money: Iterable[_Back], why: str, now: datetime) -> list[CreditNote]:
    """Issue the note of each invoice."""
    notes = []
    for invoice, lines in money:
        key = f"{why}/{invoice.id}"
        return_part(work, invoice, lines, key, now)
        spec = NoteSpec(key, _REASON, Refund.CREDIT, tuple(lines), is_automatic=True)
        note, driven = issue(work, invoice, spec, now)
        save(work, [driven], now)
        notes.append(note)
    return notes


def _credit_back(
    work: Work[BillingStore], lines: list[Line], kept: Mapping[str, Fraction], late_key: str, now: datetime
) -> None:
    """Give back to the grants, and it is not earned after all."""
    borne = borne_by_credit(work.store.credit, charge_keys(lines))
    amounts: dict[str, Decimal] = {}
    for line in lines:
        for charge in charge_keys([line]):
            amounts[charge] = max(EXACT.subtract(borne.get(charge, _NONE), _kept(line, kept)), _NONE)
    back = {charge: amount for charge, amount in amounts.items() if amount}
    if back:
        give_back_part(work.store.credit, back, late_key, now)
        recognise_credit(work.store.credit, back, late_key, now)
