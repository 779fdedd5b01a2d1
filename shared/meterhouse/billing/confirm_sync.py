"""An app that was waited for says that it has the draft, or the final invoice."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from meterhouse.billing.app import Accepted, Apps
from meterhouse.billing.drive import Driven, with_answer
from meterhouse.billing.external_ids import strangers
from meterhouse.billing.find_note import locked_invoice
from meterhouse.billing.installed_app import AppType
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.ports import BillingStore
from meterhouse.billing.saving import gone_on, save
from meterhouse.billing.service import Shown, refuse_parked, shown_on
from meterhouse.billing.state import InvoiceState
from meterhouse.billing.taxes import tax_faults
from meterhouse.kernel.errors import Conflict, Problems
from meterhouse.platform import clock
from meterhouse.platform.work import Begin

_OF_THE_HOUSE = ("DRAFT-", "GATHER-", *(f"{kind.upper()}-" for kind in AppType))


class ConfirmSync:
    """Both confirmations may be repeated: the first one counts.

    They raise `NotFound` for an unknown invoice; `Conflict` where nobody waits for it (`invoice_state`), the audit of
    the books holds it (`invoice_parked`), or another of the app has the number (`invoice_number_taken`); `InvalidInput`
    where the number is one that the house gives, or an id is of no part of the invoice.
    """

    def __init__(self, begin: Begin[BillingStore], apps: Apps, now: Callable[[], datetime] = clock.now) -> None:
        self._begin = begin
        self._apps = apps
        self._now = now

    def draft(self, namespace: str, invoice_id: str, answer: Accepted) -> Shown:
        """The app has the draft as it is."""
        return self._confirm(namespace, invoice_id, answer, InvoiceState.DRAFT_SYNCING)

    def issuing(self, namespace: str, invoice_id: str, answer: Accepted) -> Shown:
        """The app has the final invoice."""
        return self._confirm(namespace, invoice_id, answer, InvoiceState.ISSUING_SYNCING)

    def _confirm(self, namespace: str, invoice_id: str, answer: Accepted, awaited: InvoiceState) -> Shown:
        with self._begin(namespace) as work:
            invoice, at = locked_invoice(work, invoice_id), self._now()
            if invoice.state is not awaited:
                return shown_on(self._apps, namespace, _known(invoice, awaited), at)
            refuse_parked(work, invoice)
            _check(invoice, answer)
            confirmed = with_answer(_confirmed(invoice, awaited, at), answer)
            driven = gone_on(work, namespace, [Driven(confirmed)], self._apps, at)
            save(work, driven, at)
            work.commit()
        return shown_on(self._apps, namespace, driven[0].invoice, at)


def _confirmed(invoice: Invoice, awaited: InvoiceState, at: datetime) -> Invoice:
    if awaited is InvoiceState.DRAFT_SYNCING:
        return replace(invoice, draft_synced_at=at)
    return replace(invoice, issuing_synced_at=at)


def _known(invoice: Invoice, awaited: InvoiceState) -> Invoice:
    synced_at = invoice.draft_synced_at if awaited is InvoiceState.DRAFT_SYNCING else invoice.issuing_synced_at
    if synced_at is None:
        raise Conflict(f"nothing is waited for of an invoice in {invoice.state.value}", "invoice_state")
    return invoice


def _check(invoice: Invoice, answer: Accepted) -> None:
    problems = Problems()
    if answer.number is not None and answer.number.upper().startswith(_OF_THE_HOUSE):
        problems.add("/invoicing/invoiceNumber", "reserved_number", "numbers that start like this are given by us")
    for stranger in strangers(invoice, answer):
        problems.add("/invoicing", "unknown_part", f"{stranger} is neither a line of the invoice nor a discount on one")
    for line_id, reason in tax_faults(invoice, answer.taxes):
        problems.add("/invoicing/lineTaxes", "tax_impossible", f"line {line_id}: {reason}")
    problems.raise_if_any("the invoice cannot be confirmed so")
