"""Invoice now: what is due of one customer, without waiting for the run."""

from collections.abc import Callable, Sequence
from datetime import datetime

from meterhouse.billing.app import Apps
from meterhouse.billing.bill_late_usage import bill_late_usage
from meterhouse.billing.burn_lines import burn_units, earn
from meterhouse.billing.collect_invoices import collect, make_drafts
from meterhouse.billing.go_on import go_on
from meterhouse.billing.invoice import Line
from meterhouse.billing.overrides import profiles_of
from meterhouse.billing.ports import BillingStore, UsageReader
from meterhouse.billing.quantities import billable_in_part
from meterhouse.billing.service import Shown, shown_on
from meterhouse.billing.split import Parts, parts_at
from meterhouse.billing.sync_subscriptions import sync
from meterhouse.kernel.errors import InvalidInput, Problem
from meterhouse.platform import clock
from meterhouse.platform.work import Afterwards, Begin, Work, at_once


class InvoicePendingLines:
    def __init__(
        self,
        begin: Begin[BillingStore],
        usage: UsageReader,
        apps: Apps,
        now: Callable[[], datetime] = clock.now,
        afterwards: Afterwards = at_once,
    ) -> None:
        self._begin = begin
        self._usage = usage
        self._apps = apps
        self._now = now
        self._afterwards = afterwards

    def __call__(
        self,
        namespace: str,
        customer_id: str,
        as_of: datetime | None,
        line_ids: Sequence[str] | None,
        *,
        is_progressive: bool | None = None,
    ) -> list[Shown]:
        """Make standard invoices of the customer's lines due at `as_of` (default: now), one a currency.

        `as_of` chooses lines, and where usage is divided; what is made of them is made, rated and issued now.

        `is_progressive`: whether usage is billed whose period is not over; None: as the customer's profile has it.

        Raises:
            InvalidInput: no such customer, nothing is due, a line of `line_ids` is not, or `as_of` is yet to come.
        """
        with self._begin(namespace) as work:
            work.store.invoices.lock_customers([customer_id])
            now = self._now()
            at = now if as_of is None else as_of
            if at > now:
                raise _invalid("/asOf", "future", "usage of the future cannot be invoiced")
            if customer_id not in work.store.customers.by_ids([customer_id]):
                raise _invalid("/customerId", "unknown_customer", f"customer {customer_id!r} does not exist")
            sync(work, namespace, [customer_id], work.store.subscriptions.of_customer(customer_id), at, now)
            bill_late_usage(work, namespace, [customer_id], self._usage, at, now)
            units = burn_units(work, namespace, work.store.lines.due_to_credit([customer_id], at), self._usage, at, now)
            earn(work, [customer_id], units.lines, now)
            profiles = profiles_of(work, namespace, [customer_id], now)
            if is_progressive is None:
                is_progressive = profiles[customer_id].spec.workflow.progressive_billing
            parts = _parts(work, namespace, customer_id, self._usage, at, now) if is_progressive else []
            due = _chosen([*work.store.lines.due([customer_id], at), *(one.billed for one in parts)], line_ids)
            billed = {line.id for line in due}
            work.store.lines.add([one.rest for one in parts if one.rest is not None and one.billed.id in billed])
            made = collect(work, namespace, make_drafts(work, due, profiles, now, now), self._usage, now, now)
            work.commit()
        found = {one.invoice.id: one.invoice for one in made}
        self._afterwards(lambda: found.update(go_on(self._begin, self._apps, namespace, list(found), self._now())))
        return [shown_on(self._apps, namespace, one, now) for one in found.values()]


def _parts(
    work: Work[BillingStore], namespace: str, customer_id: str, usage: UsageReader, at: datetime, now: datetime
) -> list[Parts]:
    """What can be billed of usage whose period goes on."""
    pending = work.store.lines.pending([customer_id])
    return [parts_at(line, at, now) for line in billable_in_part(namespace, pending, work.store.features, usage, at)]


def _chosen(due: Sequence[Line], line_ids: Sequence[str] | None) -> list[Line]:
    chosen = [line for line in due if line_ids is None or line.id in line_ids]
    chosen.sort(key=lambda line: (line.currency, line.invoice_at, line.id))
    unknown = sorted(set(line_ids or ()) - {line.id for line in chosen})
    if unknown:
        raise _invalid("/filters/lineIds", "line_not_due", f"not pending or not due: {', '.join(unknown)}")
    if not chosen:
        raise _invalid("/customerId", "invoice_create_no_lines", "the customer has no line that is due")
    return chosen


def _invalid(field: str, code: str, message: str) -> InvalidInput:
    return InvalidInput(message, [Problem(field, code, message)])
