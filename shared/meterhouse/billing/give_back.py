"""What was paid in advance for time that is not served goes back by itself, on a credit note.

Money goes back as credit, credit to the grants that it was burnt of.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from meterhouse.billing.burn_credit import return_part
from meterhouse.billing.credit_note import NoteLine, Refund, Unused
from meterhouse.billing.credits import charge_keys
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.issue_credit_note import NoteSpec, issue
from meterhouse.billing.ports import BillingStore, CreditNotes, Invoices, Lines
from meterhouse.billing.saving import save
from meterhouse.billing.state import InvoiceState
from meterhouse.billing.unused import Returned, given_back
from meterhouse.ledger.charging import borne_by_credit
from meterhouse.ledger.ports import LedgerStore
from meterhouse.platform.work import Work

_REASON = "paid in advance for time that is not served"


class GivenBack(NamedTuple):
    """What of a paid invoice is to be given back; `notes` counts those that it has."""

    invoice: Invoice
    lines: Sequence[NoteLine]
    notes: int


def give_back(work: Work[BillingStore], returned: Iterable[Returned], now: datetime) -> bool:
    """Issue what is to be given back of invoices that are paid, one note an invoice; whether there was any.

    What is not paid yet is given back by the first run after it was.
    """
    store = work.store
    issued = []
    for invoice, lines, number in to_give_back(store.invoices, store.lines, store.credit_notes, store.credit, returned):
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


def to_give_back(
    invoices: Invoices, lines: Lines, notes: CreditNotes, credit: LedgerStore, returned: Iterable[Returned]
) -> list[GivenBack]:
    """Of paid invoices, and of what credit alone settled: its lines are with the gathering invoice."""
    by_invoice = _by_invoice(returned)
    found = []
    for invoice_id in sorted(by_invoice):
        invoice = invoices.find(invoice_id)
        if invoice is not None and invoice.state is InvoiceState.GATHERING:
            settled = lines.settled_by_credit(invoice_id, by_invoice[invoice_id].keys())
            invoice = replace(invoice, lines=tuple(settled))
        if invoice is not None and invoice.state in {InvoiceState.PAID, InvoiceState.GATHERING}:
            before = notes.of_invoices([invoice_id])
            borne = borne_by_credit(credit, charge_keys(invoice.lines))
            taken = given_back(invoice, before, borne, by_invoice[invoice_id])
            if taken:
                found.append(GivenBack(invoice, taken, len(before)))
    return found


def _by_invoice(returned: Iterable[Returned]) -> Mapping[str, Mapping[str, Sequence[Unused]]]:
    """By invoice and key of its line."""
    found: dict[str, dict[str, list[Unused]]] = {}
    for prepaid, unused in returned:
        found.setdefault(prepaid.invoice_id, {}).setdefault(prepaid.key, []).append(unused)
    return found
