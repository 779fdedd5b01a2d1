"""The audit of what customers owe beside their invoices: the ledger, what they agreed on, lines that are due."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from meterhouse.billing.audit import unburnt_finding, uncollected_finding, unmade_finding, unread_customer
from meterhouse.billing.audit_ports import AuditStore
from meterhouse.billing.batch import Batch, Outcome, each_fault_its_own
from meterhouse.billing.burn_lines import is_in
from meterhouse.billing.collection import aligned
from meterhouse.billing.overrides import profiles_of
from meterhouse.billing.reconcile import unbilled
from meterhouse.ledger.audit import Finding
from meterhouse.platform.work import Begin, Work

ALLOWANCE = timedelta(days=1)
"""What has been due, and agreed on, for longer, some run has seen: they are hourly unless it is set otherwise."""


class AuditCustomers:
    def __init__(self, begin: Begin[AuditStore], now: Callable[[], datetime]) -> None:
        self._begin = begin
        self._now = now

    def __call__(self, batch: Batch) -> None:
        """Park what is wrong; a customer of whom something cannot be read is the finding of that customer alone.

        Raises:
            Unavailable: the database does not answer.
        """
        unread = each_fault_its_own(batch, self._audit).failed
        if unread:
            with self._begin(batch.namespace) as work:
                found = [unread_customer(customer_id, reason) for customer_id, reason in unread.items()]
                work.store.findings.add(found, self._now())
                work.commit()

    def _audit(self, batch: Batch) -> Outcome:
        """Nobody else works on the customers meanwhile, so that all that is read belongs together."""
        now = self._now()
        with self._begin(batch.namespace) as work:
            work.store.invoices.lock_customers(batch.ids)
            found = [
                *work.store.book_audit.findings(batch.ids),
                *work.store.invoice_audit.charged_twice(batch.ids),
                *work.store.invoice_audit.overages_missing(batch.ids),
                *work.store.invoice_audit.settled_apart(batch.ids),
                *work.store.invoice_audit.booked_apart(batch.ids),
                *_unmade(work.store, batch, now - ALLOWANCE),
                *_uncollected(work, batch, now),
            ]
            work.store.findings.write_of_customers(batch.ids, found, now)
            work.commit()
        return Outcome(len(batch.ids))


def _unmade(store: AuditStore, batch: Batch, at: datetime) -> Iterator[Finding]:
    """What a subscription asks for depends on the customer's others, of whatever age; only the old are reported."""
    held = set(batch.ids)
    found = store.subscriptions.billable(batch.after, batch.up_to)
    agreed = {one.id: one for one in found if one.customer_id in held}
    for target in unbilled(agreed.values(), store.lines.known_of(list(agreed)), at):
        subscription = agreed[target.subscription_id]
        if subscription.updated_at <= at:
            yield unmade_finding(subscription.customer_id, target)


def _uncollected(work: Work[AuditStore], batch: Batch, now: datetime) -> Iterator[Finding]:
    at, lines = now - ALLOWANCE, work.store.lines
    due = [line for line in lines.due(batch.ids, at) if line.updated_at <= at]
    to_credit = [line for line in lines.due_to_credit(batch.ids, at) if line.updated_at <= at]
    profiles = profiles_of(work, batch.namespace, {line.customer_id for line in (*due, *to_credit)}, now)
    yield from map(uncollected_finding, aligned(due, profiles, at))
    for line in to_credit:
        if is_in(line, profiles[line.customer_id].spec.workflow, at):
            yield unburnt_finding(line)
