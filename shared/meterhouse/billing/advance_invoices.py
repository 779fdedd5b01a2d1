"""Third step of an invoice run: every invoice goes on as far as it can, to `paid` where nothing stands in its way."""

from collections.abc import Callable
from datetime import datetime

from meterhouse.billing.app import Apps
from meterhouse.billing.batch import Batch, Outcome, each_fault_its_own
from meterhouse.billing.drive import Driven
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.ports import BillingStore
from meterhouse.billing.saving import gone_on, save
from meterhouse.billing.state import RETRIED_BY_RUNS, InvoiceState
from meterhouse.platform import clock
from meterhouse.platform.work import Begin


class AdvanceInvoices:
    def __init__(self, begin: Begin[BillingStore], apps: Apps, now: Callable[[], datetime] = clock.now) -> None:
        self._begin = begin
        self._apps = apps
        self._now = now

    def __call__(self, batch: Batch, as_of: datetime) -> Outcome:
        """Advance the batch's invoices; those that end in a failed state fail their customers, by value.

        A failed state is tried again by every run; an attempt that ends where it began is not recorded.
        """
        return each_fault_its_own(batch, lambda part: self._advance(part, as_of))

    def _advance(self, batch: Batch, as_of: datetime) -> Outcome:
        with self._begin(batch.namespace) as work:
            work.store.invoices.lock_customers(batch.ids)
            before = work.store.invoices.under_way(batch.ids)
            resumed = [_resumed(invoice, as_of) for invoice in before]
            after = gone_on(work, batch.namespace, resumed, self._apps, as_of)
            changed = [one for old, one in zip(before, after, strict=True) if one.invoice.state is not old.state]
            save(work, changed, self._now())
            work.commit()
        failed = {one.invoice.customer_id: _reason(one.invoice) for one in after if _has_failed(one.invoice)}
        return Outcome(len(batch.ids) - len(failed), failed)


def _resumed(invoice: Invoice, at: datetime) -> Driven:
    """The failed invoice back at the work that failed; one without quantities waits for collecting."""
    trigger = RETRIED_BY_RUNS.get(invoice.state)
    lacks_usage = invoice.state is InvoiceState.DRAFT_INVALID and invoice.quantity_snapshotted_at is None
    if trigger is None or lacks_usage:
        return Driven(invoice)
    return Driven(invoice).must_fire(trigger, at)


def _has_failed(invoice: Invoice) -> bool:
    return invoice.state in RETRIED_BY_RUNS


def _reason(invoice: Invoice) -> str:
    why = invoice.issues[0].message if invoice.issues else "no reason was given"
    return f"invoice {invoice.id} is in {invoice.state.value}: {why}"
