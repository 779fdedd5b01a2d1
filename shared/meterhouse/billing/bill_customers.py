"""An invoice run of one batch of customers in one transaction, in which every row is written once."""

from collections.abc import Callable, Collection
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Protocol

from meterhouse.billing.advance_invoices import AdvanceInvoices
from meterhouse.billing.batch import Batch, Outcome, each_fault_its_own
from meterhouse.billing.collect_invoices import CollectInvoices
from meterhouse.billing.ports import BillingStore
from meterhouse.billing.sync_subscriptions import SyncSubscriptions
from meterhouse.billing.written_once import WrittenOnce
from meterhouse.kernel.collector import without_collector
from meterhouse.kernel.errors import Unavailable
from meterhouse.platform import clock
from meterhouse.platform.logging import logger
from meterhouse.platform.work import Begin


class BilledApart(Protocol):
    """Customers whose billing broke by an exception last time: nobody is billed together with them."""

    def among(self, customer_ids: Collection[str]) -> AbstractSet[str]: ...

    def add(self, customer_id: str, since: datetime) -> None: ...

    def remove(self, customer_id: str) -> None: ...


class RunStore(BillingStore, Protocol):
    @property
    def billed_apart(self) -> BilledApart: ...


class BillCustomers:
    """The steps of a run, one after the other, on what the one before left."""

    def __init__(
        self,
        begin: Begin[RunStore],
        sync: SyncSubscriptions,
        collect: CollectInvoices,
        advance: AdvanceInvoices,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self._begin = begin
        self._sync = sync
        self._collect = collect
        self._advance = advance
        self._now = now

    @without_collector()
    def __call__(self, batch: Batch, as_of: datetime) -> Outcome:
        """Sync, collect and advance; a customer that fails in any of them is failed, and alone.

        Whose billing breaks by an exception is found by halving, billed step by step, and apart in later runs until it
        works again: so the others are billed at once.

        Raises:
            Unavailable: nobody is at fault; the steps are then done one by one.
        """
        outcome = self._billed(batch, as_of) if batch.ids else Outcome()
        return outcome + self._advance.tell_notes(batch.namespace, batch.deleted, as_of)

    def _billed(self, batch: Batch, as_of: datetime) -> Outcome:
        with self._begin(batch.namespace) as work:
            apart = work.store.billed_apart.among(batch.ids)
        outcome = each_fault_its_own(batch.without(apart), lambda part: self._bill(part, as_of))
        for customer_id in sorted(apart):
            outcome += self._alone(batch.alone(customer_id), as_of, was_apart=True)
        return outcome

    def _bill(self, part: Batch, as_of: datetime) -> Outcome:
        return self._at_once(part, as_of) if len(part.ids) > 1 else self._alone(part, as_of)

    def _at_once(self, batch: Batch, as_of: datetime) -> Outcome:
        with self._begin(batch.namespace) as stored:
            stored.store.invoices.lock_customers(batch.ids)
            work = WrittenOnce(stored, batch.ids)
            self._sync.within(work, batch, as_of)
            unknown = self._collect.within(work, batch, as_of)
            failed, far_away = self._advance.within(work, batch, as_of)
            work.commit()
        self._advance.hand_over(batch.namespace, far_away, as_of)
        failed = unknown | failed
        told = self._advance.tell_notes(batch.namespace, batch.ids, as_of)
        return Outcome(len(batch.ids) - len(failed), failed).beside(told)

    def _alone(self, one: Batch, as_of: datetime, *, was_apart: bool = False) -> Outcome:
        try:
            outcome = self._at_once(one, as_of)
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001 - one customer's fault, whatever it is, must not stop the others
            logger.exception("customer cannot be billed at once", extra={"customer": one.up_to})
        else:
            if was_apart:
                self._note(one.namespace, one.up_to, is_apart=False)
            return outcome
        # its steps may well succeed one by one: it stays apart until it can be billed at once
        self._note(one.namespace, one.up_to, is_apart=True)
        synced = self._sync(one, as_of)
        collected = self._collect(one, as_of, synced.failed.keys())
        return synced.beside(collected).beside(self._advance(one, as_of))

    def _note(self, namespace: str, customer_id: str, *, is_apart: bool) -> None:
        with self._begin(namespace) as work:
            if is_apart:
                work.store.billed_apart.add(customer_id, self._now())
            else:
                work.store.billed_apart.remove(customer_id)
            work.commit()
