"""An invoice run of one batch of customers in one transaction, in which every row is written once."""

from datetime import datetime

from meterhouse.billing.advance_invoices import AdvanceInvoices
from meterhouse.billing.batch import Batch, Outcome
from meterhouse.billing.collect_invoices import CollectInvoices
from meterhouse.billing.ports import BillingStore
from meterhouse.billing.sync_subscriptions import SyncSubscriptions
from meterhouse.billing.written_once import WrittenOnce
from meterhouse.kernel.collector import without_collector
from meterhouse.platform.work import Begin


class BillCustomers:
    """The steps of a run, one after the other, on what the one before left."""

    def __init__(
        self, begin: Begin[BillingStore], sync: SyncSubscriptions, collect: CollectInvoices, advance: AdvanceInvoices
    ) -> None:
        self._begin = begin
        self._sync = sync
        self._collect = collect
        self._advance = advance

    @without_collector()
    def __call__(self, batch: Batch, as_of: datetime) -> Outcome:
        """Sync, collect and advance; a customer that fails in any of them by value is failed.

        An exception, whoever's fault it is, leaves nothing of the batch: its steps are then done one by one.
        """
        if not batch.ids:
            return Outcome()
        with self._begin(batch.namespace) as stored:
            stored.store.invoices.lock_customers(batch.ids)
            work = WrittenOnce(stored, batch.ids)
            self._sync.within(work, batch, as_of)
            unknown = self._collect.within(work, batch, as_of)
            failed, far_away = self._advance.within(work, batch, as_of)
            work.commit()
        self._advance.hand_over(batch.namespace, far_away, as_of)
        failed = unknown | failed
        return Outcome(len(batch.ids) - len(failed), failed).beside(self._advance.tell_notes(batch, as_of))
