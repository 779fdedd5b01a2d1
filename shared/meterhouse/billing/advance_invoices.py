"""Third step of an invoice run: every invoice goes on as far as it can, to `paid` where nothing stands in its way."""

from collections.abc import Callable, Collection, Iterable
from datetime import datetime

from meterhouse.billing.app import Apps, InvoicingApp
from meterhouse.billing.batch import Batch, Outcome, each_fault_its_own
from meterhouse.billing.dunning import Dunning
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.launcher import Launcher
from meterhouse.billing.lifecycle import may_move, recorded
from meterhouse.billing.ports import BillingStore
from meterhouse.billing.saving import gone_on, save, taken_up
from meterhouse.billing.service import found_invoice
from meterhouse.billing.state import RETRIED_BY_RUNS
from meterhouse.billing.tell_note import TellNote
from meterhouse.kernel.errors import Unavailable
from meterhouse.platform import clock
from meterhouse.platform.logging import logger
from meterhouse.platform.work import Begin, Work

FarAway = tuple[Invoice, InvoicingApp]
"""An invoice whose app is not called within a run."""


class AdvanceInvoices:
    """`lifecycles` drives the invoices of apps that are far away, one at a time."""

    def __init__(
        self,
        begin: Begin[BillingStore],
        apps: Apps,
        lifecycles: Launcher,
        dunning: Dunning,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self._begin = begin
        self._apps = apps
        self._lifecycles = lifecycles
        self._dunning = dunning
        self._now = now
        self._tell = TellNote(begin, apps, now)

    def __call__(self, batch: Batch, as_of: datetime) -> Outcome:
        """Advance the batch's invoices; those that end in a failed state fail their customers, by value.

        A failed state is tried again by every run, a failed payment when its time has come; an attempt that ends where
        it began is not recorded. Credit notes whose time has come are told to their apps again.
        """
        outcome = each_fault_its_own(batch, lambda part: self._advance(part, as_of))
        told = self.tell_notes(batch.namespace, batch.ids, as_of)
        return outcome.beside(told) + self.tell_notes(batch.namespace, batch.deleted, as_of)

    def _advance(self, batch: Batch, as_of: datetime) -> Outcome:
        with self._begin(batch.namespace) as work:
            work.store.invoices.lock_customers(batch.ids)
            failed, far_away = self.within(work, batch, as_of)
            work.commit()
        self.hand_over(batch.namespace, far_away, as_of)
        return Outcome(len(batch.ids) - len(failed), failed)

    def within(self, work: Work[BillingStore], batch: Batch, as_of: datetime) -> tuple[dict[str, str], list[FarAway]]:
        """The step for customers that are locked: who failed, and why; what is to be handed over once it is saved."""
        under_way = work.store.invoices.under_way(batch.ids)
        apps = self._apps.of(batch.namespace, {invoice.app_id for invoice in under_way})
        before = [invoice for invoice in under_way if not apps[invoice.app_id].is_remote]
        again = taken_up(work, before, apps, as_of)
        after = gone_on(work, batch.namespace, again, self._apps, as_of, self._dunning)
        attempts = (recorded(old, one) for old, one in zip(before, after, strict=True))
        save(work, [one for one in attempts if one is not None], self._now())
        failed = {one.invoice.customer_id: _reason(one.invoice) for one in after if _has_failed(one.invoice)}
        return failed, [(one, apps[one.app_id]) for one in under_way if apps[one.app_id].is_remote]

    def hand_over(self, namespace: str, invoices: Iterable[FarAway], as_of: datetime) -> None:
        """Start what is far away: once for each step of an invoice and day, however often the run is repeated."""
        for invoice, app in invoices:
            if may_move(invoice, app, self._dunning, as_of):
                name = f"{invoice.id}-{invoice.step}-{as_of:%Y%m%d}"
                self._lifecycles.start(name, {"namespace": namespace, "invoiceId": invoice.id})

    def tell_notes(self, namespace: str, customer_ids: Collection[str], as_of: datetime) -> Outcome:
        """Tell apps of notes whose time has come, of deleted customers, too.

        Where an app is far away that is done in a workflow of the invoice.
        """
        if not customer_ids:
            return Outcome()
        failed: dict[str, str] = {}
        with self._begin(namespace) as work:
            notes = work.store.credit_notes.to_tell(customer_ids, self._now())
            invoices = {one.invoice_id: found_invoice(work, one.invoice_id) for one in notes}
            apps = self._apps.of(namespace, {invoice.app_id for invoice in invoices.values()})
        for note in notes:
            if apps[invoices[note.invoice_id].app_id].is_remote:
                name = f"{note.id}-{note.attempt}-{note.tellings}-{as_of:%Y%m%d}"
                self._lifecycles.start(name, {"namespace": namespace, "invoiceId": note.invoice_id})
                continue
            try:
                self._tell.due(namespace, note.invoice_id)
            except Unavailable:
                raise
            except Exception as error:  # noqa: BLE001 - one customer's fault, whatever it is, must not stop the others
                logger.exception("credit note was not told", extra={"note": note.id})
                failed[note.customer_id] = f"credit note {note.id}: {type(error).__name__}: {error}"
        return Outcome(len(customer_ids) - len(failed), failed)


def _has_failed(invoice: Invoice) -> bool:
    return invoice.state in RETRIED_BY_RUNS


def _reason(invoice: Invoice) -> str:
    why = invoice.issues[0].message if invoice.issues else "no reason was given"
    return f"invoice {invoice.id} is in {invoice.state.value}: {why}"
