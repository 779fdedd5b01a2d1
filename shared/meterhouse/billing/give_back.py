"""What was paid in advance for time that is not served goes back by itself, on a credit note.

Money goes back as credit, credit to the grants that it was burnt of.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from typing import NamedTuple, Protocol

from meterhouse.billing.burn_credit import return_part
from meterhouse.billing.credit_note import NoteLine, Refund, Unused
from meterhouse.billing.crediting import lowered
from meterhouse.billing.credits import charge_keys
from meterhouse.billing.find_overages import standing_overages
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.issue_credit_note import NoteSpec, issue
from meterhouse.billing.overages import leaves_money
from meterhouse.billing.ports import BillingStore, CreditNotes, Invoices, Lines
from meterhouse.billing.saving import save
from meterhouse.billing.state import InvoiceState
from meterhouse.billing.unused import Returned, given_back, units_given_back
from meterhouse.ledger.charging import borne_by_credit
from meterhouse.ledger.ports import LedgerStore
from meterhouse.platform.work import Work

_REASON = "paid in advance for time that is not served"


class GivenBack(NamedTuple):
    """What of a paid invoice is to be given back; `notes` counts those that it has."""

    invoice: Invoice
    lines: Sequence[NoteLine]
    notes: int


Unuseds = Mapping[str, Mapping[str, Sequence[Unused]]]
"""What is unused besides what was given back, by invoice and key of its line."""


class GivingStore(Protocol):
    """Where what is to be given back is found."""

    @property
    def invoices(self) -> Invoices: ...
    @property
    def lines(self) -> Lines: ...
    @property
    def credit_notes(self) -> CreditNotes: ...
    @property
    def credit(self) -> LedgerStore: ...


def give_back(work: Work[BillingStore], returned: Iterable[Returned], now: datetime) -> bool:
    """Issue what is to be given back of invoices that are paid, one note an invoice; whether there was any.

    What is not paid yet is given back by the first run after it was.
    """
    return _issue(work, to_give_back(work.store, returned), now)


def give_back_told(work: Work[BillingStore], invoice: Invoice, now: datetime) -> None:
    """Issue what the unused time comes to that automatic notes of the paid invoice say, less what went back."""
    _issue(work, _found(work.store, _told(work.store, invoice)), now)


def _issue(work: Work[BillingStore], back: Iterable[GivenBack], now: datetime) -> bool:
    """Issue one note an invoice; whether there was any."""
    issued = []
    for invoice, lines, number in back:
        # what follows for the same time may be due since that began
        since = min(line.service_period.start for line in invoice.lines if line.id in {one.line_id for one in lines})
        key = f"unused/{invoice.id}/{number}"
        return_part(work, invoice, lines, key, now)
        spec = NoteSpec(key, _REASON, Refund.CREDIT, tuple(lines), is_automatic=True, credit_from=min(since, now))
        issued.append(issue(work, invoice, spec, now)[1])
    if issued:
        # where credit alone settled, no invoice changes
        save(work, [one for one in issued if one.invoice.state is InvoiceState.PAID], now)
    return bool(issued)


def to_give_back(store: GivingStore, returned: Iterable[Returned]) -> list[GivenBack]:
    """Of paid invoices, and of what credit settled: its lines are with the gathering invoice.

    What credit left of units goes back with them, once the invoice for it is paid.
    """
    return _found(store, _by_invoice(returned))


def _told(store: GivingStore, invoice: Invoice) -> Unuseds:
    """Lines of which automatic notes say unused time: the invoice's, and those in units that left a line of it."""
    left = [line.overage.line_id for line in invoice.lines if line.overage is not None]
    lines = {line.id: line for line in (*invoice.lines, *store.lines.by_ids(left))}
    told: dict[str, dict[str, Sequence[Unused]]] = {}
    for note in store.credit_notes.of_invoices(sorted({line.invoice_id for line in lines.values()})):
        for one in note.lines:
            if one.unused and note.stands and one.line_id in lines:
                told.setdefault(note.invoice_id, {})[lines[one.line_id].key] = ()
    return told


def _found(store: GivingStore, unused: Unuseds) -> list[GivenBack]:
    found: list[GivenBack] = []
    kept: dict[str, dict[str, Fraction]] = {}
    for invoice_id, own in sorted(unused.items()):
        invoice = store.invoices.find(invoice_id)
        if invoice is not None and invoice.state is InvoiceState.GATHERING:
            settled = replace(invoice, lines=tuple(store.lines.settled_by_credit(invoice_id, own.keys())))
            is_in_units = any(line.invoice_currency is not None for line in settled.lines)
            found += _units_back(store, settled, own, kept) if is_in_units else _back(store, settled, own, {})
    for invoice_id in sorted({*unused, *kept}):
        invoice = store.invoices.find(invoice_id)
        if invoice is not None and invoice.state is InvoiceState.PAID:
            found += _back(store, invoice, unused.get(invoice_id, {}), kept.get(invoice_id, {}))
    return found


def _back(
    store: GivingStore, invoice: Invoice, unused: Mapping[str, Sequence[Unused]], kept: Mapping[str, Fraction]
) -> list[GivenBack]:
    """What goes back for what is unused of an invoice's lines, and of its overages, of which a part is `kept`."""
    before = store.credit_notes.of_invoices([invoice.id])
    borne = borne_by_credit(store.credit, charge_keys(invoice.lines))
    both = (*given_back(invoice, before, borne, unused), *lowered(invoice, before, borne, kept))
    taken = [one for one in both if one.is_some]
    return [GivenBack(invoice, taken, len(before))] if taken else []


def _units_back(
    store: GivingStore,
    gathering: Invoice,
    unused: Mapping[str, Sequence[Unused]],
    kept: dict[str, dict[str, Fraction]],
) -> list[GivenBack]:
    """What goes back to credit of lines in units; what part is `kept` of what it left of each, by invoice, is added.

    A line whose overage is not paid yet waits.
    """
    overages = standing_overages(store.invoices, store.lines, gathering.lines)
    unpaid = {line_id for line_id, one in overages.items() if one.invoice.state is not InvoiceState.PAID}
    ready = replace(gathering, lines=tuple(line for line in gathering.lines if line.id not in unpaid))
    before = store.credit_notes.of_invoices([gathering.id])
    given_up = {line.id for line in ready.lines if leaves_money(line) and line.totals.total and line.id not in overages}
    borne = borne_by_credit(store.credit, charge_keys(ready.lines))
    back = units_given_back(ready, before, borne, unused, given_up)
    for note_line, part in back:
        if note_line.line_id in overages:
            line, invoice = overages[note_line.line_id]
            kept.setdefault(invoice.id, {})[line.id] = part
    taken = [one.note_line for one in back if one.note_line.is_some]
    return [GivenBack(ready, taken, len(before))] if taken else []


def _by_invoice(returned: Iterable[Returned]) -> Unuseds:
    found: dict[str, dict[str, list[Unused]]] = {}
    for prepaid, unused in returned:
        found.setdefault(prepaid.invoice_id, {}).setdefault(prepaid.key, []).append(unused)
    return found
