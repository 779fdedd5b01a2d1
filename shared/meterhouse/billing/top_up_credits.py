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
        """Top up what is due now; each customer is a transaction, and nobody's fault another's."""
        with self._begin(batch.namespace) as work:
            wanted = {top_up.customer_id for top_up in work.store.credit.top_ups.of_customers(batch.ids)}
        alone = (Batch(batch.namespace, batch.after, [customer_id]) for customer_id in sorted(wanted))
        return sum((each_fault_its_own(one, self._made) for one in alone), start=Outcome())

    def _made(self, batch: Batch) -> Outcome:
        self._top_ups.make(batch.namespace, batch.ids[0])
        return Outcome(1)
