"""First step of an invoice run: pending lines become what the subscriptions say they should be."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from meterhouse.billing.batch import Batch, Outcome, each_fault_its_own
from meterhouse.billing.collection import gathering
from meterhouse.billing.drive import Driven
from meterhouse.billing.give_back import give_back
from meterhouse.billing.invoice import Invoice, Line
from meterhouse.billing.overrides import profiles_of
from meterhouse.billing.ports import BillingStore
from meterhouse.billing.prepaid import Excess, flagged
from meterhouse.billing.profile import Profile
from meterhouse.billing.reconcile import reconcile
from meterhouse.billing.rests import Known
from meterhouse.billing.saving import save
from meterhouse.customers.model import Customer
from meterhouse.platform import clock
from meterhouse.platform.work import Begin, Work
from meterhouse.subscriptions.model import Subscription


class SyncSubscriptions:
    def __init__(self, begin: Begin[BillingStore], now: Callable[[], datetime] = clock.now) -> None:
        self._begin = begin
        self._now = now

    def __call__(self, batch: Batch, as_of: datetime) -> Outcome:
        """Insert, change and remove pending lines of the batch; running twice changes nothing."""
        return each_fault_its_own(batch, lambda part: self._sync(part, as_of))

    def _sync(self, batch: Batch, as_of: datetime) -> Outcome:
        with self._begin(batch.namespace) as work:
            work.store.invoices.lock_customers(batch.ids)
            self.within(work, batch, as_of)
            work.commit()
        return Outcome(succeeded=len(batch.ids))

    def within(self, work: Work[BillingStore], batch: Batch, as_of: datetime) -> None:
        """The step for customers that are locked; the caller commits."""
        held = set(batch.ids)
        # between the edges there may be customers, deleted or new, that the batch does not hold and did not lock
        subscriptions = [
            one for one in work.store.subscriptions.billable(batch.after, batch.up_to) if one.customer_id in held
        ]
        sync(work, batch.namespace, batch.ids, subscriptions, as_of, self._now())


def sync(
    work: Work[BillingStore],
    namespace: str,
    customer_ids: Sequence[str],
    subscriptions: Sequence[Subscription],
    as_of: datetime,
    now: datetime,
) -> None:
    """Bring the customers' pending lines to what `subscriptions`, all of theirs, say; the customers are locked."""
    store = work.store
    pending = [line for line in store.lines.pending(customer_ids) if line.subscription is not None]
    known = store.lines.known_of([subscription.id for subscription in subscriptions])
    changes = reconcile(subscriptions, pending, known, as_of, now)
    if give_back(work, changes.returned, now):
        known = store.lines.known_of([subscription.id for subscription in subscriptions])
        changes = reconcile(subscriptions, pending, known, as_of, now)
    if changes.added:
        customers = store.customers.by_ids({line.customer_id for line in changes.added})
        profiles = profiles_of(work, namespace, customers, now)
        store.invoices.add_gathering(_gathering(changes.added, customers, profiles, now))
    store.lines.add(changes.added)
    store.lines.update(changes.changed)
    store.lines.remove(changes.removed)
    _flag(work, known, changes.excess, now)


def _flag(work: Work[BillingStore], known: Known, excess: Sequence[Excess], now: datetime) -> None:
    """Say on standard invoices which of their lines reach too far, and no longer where none does."""
    concerned = {one.prepaid.invoice_id for one in excess} | {one.invoice_id for one in known.prepaid if one.is_flagged}
    found = [work.store.invoices.find(invoice_id) for invoice_id in sorted(concerned)]
    changed = [Driven(flagged(one, excess)) for one in found if one is not None and flagged(one, excess) != one]
    if changed:
        save(work, changed, now)


def _gathering(
    lines: Iterable[Line], customers: Mapping[str, Customer], profiles: Mapping[str, Profile], now: datetime
) -> list[Invoice]:
    wanted = {line.invoice_id: line for line in lines}
    return [
        gathering(customers[line.customer_id], line.currency, invoice_id, profiles[line.customer_id], now)
        for invoice_id, line in wanted.items()
    ]
