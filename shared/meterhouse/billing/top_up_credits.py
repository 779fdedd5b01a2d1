"""Part of an invoice run: customers whose credit has come below their threshold are topped up."""

from meterhouse.billing.batch import Batch, Outcome, each_fault_its_own
from meterhouse.billing.ports import BillingStore
from meterhouse.ledger.top_ups import TopUps
from meterhouse.platform.work import Begin


class TopUpCredits:
    def __init__(self, begin: Begin[BillingStore], top_ups: TopUps) -> None:
        self._begin = begin
        self._top_ups = top_ups

    def __call__(self, batch: Batch) -> Outcome:
        """Top up what is due now; each customer is a transaction, so running again changes nothing."""
        with self._begin(batch.namespace) as work:
            wanted = {top_up.customer_id for top_up in work.store.credit.top_ups.of_customers(batch.ids)}
        concerned = Batch(batch.namespace, batch.after, sorted(wanted))
        return each_fault_its_own(concerned, self._made)

    def _made(self, batch: Batch) -> Outcome:
        for customer_id in batch.ids:
            self._top_ups.make(batch.namespace, customer_id)
        return Outcome(len(batch.ids))
