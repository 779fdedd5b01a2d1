"""Second step of an invoice run: due lines become drafts; drafts whose usage is in become rated invoices."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime

from meterhouse.billing.batch import Batch, Outcome, each_fault_its_own
from meterhouse.billing.bill_late_usage import bill_late_usage
from meterhouse.billing.burn_credit import burn_credit
from meterhouse.billing.burn_lines import burn_lines, burn_units, earn
from meterhouse.billing.collection import (
    Quantities,
    aligned,
    collected,
    drafts,
    is_collectable,
    waiting,
    with_lines,
)
from meterhouse.billing.drive import Driven
from meterhouse.billing.events import created_event
from meterhouse.billing.families import Families
from meterhouse.billing.invoice import Invoice, Line
from meterhouse.billing.overages import bases_of, priced
from meterhouse.billing.overrides import profiles_of
from meterhouse.billing.ports import BillingStore, UsageReader
from meterhouse.billing.profile import Profile
from meterhouse.billing.quantities import of_invoices, quantities_of
from meterhouse.billing.run_sizes import MOST_LINES
from meterhouse.billing.saving import save
from meterhouse.billing.state import InvoiceState
from meterhouse.billing.tax_codes import coded
from meterhouse.kernel.changed import replace
from meterhouse.platform import clock
from meterhouse.platform.work import Begin, Work


class CollectInvoices:
    def __init__(
        self,
        begin: Begin[BillingStore],
        usage: UsageReader,
        now: Callable[[], datetime] = clock.now,
        most_lines: int = MOST_LINES,
    ) -> None:
        self._begin = begin
        self._usage = usage
        self._now = now
        self._most_lines = most_lines

    def __call__(self, batch: Batch, as_of: datetime, unsynced: AbstractSet[str] = frozenset()) -> Outcome:
        """Collect what is due at `as_of`; a customer whose usage cannot be known has an invalid draft and is failed.

        Of the `unsynced`, whose subscriptions could not be followed, what stands on invoices goes on; what is pending
        may be asked for no more, and waits.
        """
        return each_fault_its_own(batch, lambda part: self._collect(part, as_of, unsynced))

    def _collect(self, batch: Batch, as_of: datetime, unsynced: AbstractSet[str]) -> Outcome:
        with self._begin(batch.namespace) as work:
            work.store.invoices.lock_customers(batch.ids)
            failed = self.within(work, batch, as_of, unsynced)
            work.commit()
        return Outcome(len(batch.ids) - len(failed), failed)

    def within(
        self, work: Work[BillingStore], batch: Batch, as_of: datetime, unsynced: AbstractSet[str] = frozenset()
    ) -> dict[str, str]:
        """The step for customers that are locked; who failed, and why. The caller commits."""
        synced = batch.without(unsynced).ids
        bill_late_usage(work, batch.namespace, synced, self._usage, as_of, self._now())
        to_credit = work.store.lines.due_to_credit(synced, as_of)
        units = burn_units(work, batch.namespace, to_credit, self._usage, as_of, self._now())
        due = units.ready(work.store.lines.due(synced, as_of))
        profiles = profiles_of(work, batch.namespace, {line.customer_id for line in due}, self._now())
        made = make_drafts(work, aligned(due, profiles, as_of), profiles, as_of, self._now(), self._most_lines)
        under_way = work.store.invoices.under_way(batch.ids)
        driven = collect(work, batch.namespace, [*made, *under_way], self._usage, as_of, self._now())
        alone = burn_lines(work, batch.namespace, to_credit, self._usage, as_of, self._now())
        earn(work, batch.ids, [*units.lines, *alone.lines], self._now())
        invalid = {
            one.invoice.customer_id: f"invoice {one.invoice.id}: {one.invoice.issues[0].message}"
            for one in driven
            if one.invoice.state is InvoiceState.DRAFT_INVALID
        }
        return units.unknown | alone.unknown | invalid


def make_drafts(
    work: Work[BillingStore],
    due: Sequence[Line],
    profiles: Mapping[str, Profile],
    as_of: datetime,
    now: datetime,
    most_lines: int | None = None,
) -> list[Invoice]:
    """Drafts of due lines, made as of `as_of`, announced but not saved: `collect` saves them."""
    customers = work.store.customers.by_ids({line.customer_id for line in due})
    made = drafts(due, customers, profiles, as_of, now, most_lines)
    work.publish(*map(created_event, made))
    return made


def collect(
    work: Work[BillingStore],
    namespace: str,
    invoices: Iterable[Invoice],
    usage: UsageReader,
    at: datetime,
    now: datetime,
) -> list[Driven]:
    """Bring invoices on to where they wait for usage, and rate those whose usage is in at `at`; all are saved.

    Raises:
        Unavailable: the usage store does not answer.
    """
    arrived = [waiting(invoice, at) for invoice in _priced(work, invoices, now)]
    ready = _in_order(arrived, at)
    lines = of_invoices(one.invoice for one in ready)
    families = Families(work.store.lines.related(lines))
    quantities = quantities_of(namespace, families.readings(lines), work.store.features, usage)
    return _rated(work, arrived, ready, quantities, families, at, now)


def _priced(work: Work[BillingStore], invoices: Iterable[Invoice], now: datetime) -> list[Invoice]:
    """The invoices; units that were worth nothing yet have their price, if they are by now."""
    found = list(invoices)
    unpriced = [line for one in found for line in one.lines if line.overage and line.rate_card.price is None]
    if not unpriced:
        return found
    bases = bases_of(work.store.currencies, unpriced)
    return [replace(one, lines=tuple(priced(line, bases, now) for line in one.lines)) for one in found]


def rate_ready(
    work: Work[BillingStore],
    arrived: Sequence[Driven],
    quantities: Quantities,
    families: Families,
    at: datetime,
    now: datetime,
) -> list[Driven]:
    """Rate those whose usage is in at `at`, less what credit bears of them; all are saved, and what was given up."""
    return _rated(work, arrived, _in_order(arrived, at), quantities, families, at, now)


def _rated(
    work: Work[BillingStore],
    arrived: Sequence[Driven],
    ready: Sequence[Driven],
    quantities: Quantities,
    families: Families,
    at: datetime,
    now: datetime,
) -> list[Driven]:
    named = coded((one.invoice for one in ready), work.store.tax_codes)
    rating = families.rating(quantities)
    moved = [
        _owing_nobody(collected(one.over(named[one.invoice.id]), quantities, at, now, rating), families, now)
        for one in ready
    ]
    rated = [one for one in moved if one.invoice.state is not InvoiceState.DRAFT_INVALID]
    burnt = {one.invoice.id: one for one in (*moved, *burn_credit(work, rated, now))}
    done = [burnt.get(one.invoice.id, one) for one in arrived]
    known = {one.invoice.id: one.invoice.issues for one in arrived}
    changed = [one for one in done if one.transitions or one.invoice.issues != known[one.invoice.id]]
    save(work, changed, now)
    work.store.lines.update([*families.given_up, *(line for one in changed for line in one.invoice.lines)])
    work.store.billed_usage.owe([line.id for line in families.owing], now)
    return done


def _owing_nobody(driven: Driven, families: Families, now: datetime) -> Driven:
    """Where parts of usage take off more than all else comes to they take off nothing: a credit note gives it back."""
    invoice = driven.invoice
    if invoice.state is InvoiceState.DRAFT_INVALID or invoice.totals.charged >= 0:
        return driven
    lines = [
        families.withheld(line, invoice.workflow, now) if line.is_metered and line.totals.charged < 0 else line
        for line in invoice.lines
    ]
    return driven.over(with_lines(invoice, lines))


def _in_order(arrived: Iterable[Driven], at: datetime) -> list[Driven]:
    """Those that are to be rated, by the time of their lines: parts of one period each show what they are named for.

    Those of one time come as their lines would stand on one invoice, for credit bears them in this order.
    """
    return sorted((one for one in arrived if is_collectable(one.invoice, at)), key=lambda one: _turn(one.invoice, at))


def _turn(invoice: Invoice, at: datetime) -> tuple[datetime, list[tuple[datetime, str, int]]]:
    end = min((line.service_period.end for line in invoice.lines), default=at)
    return end, [line.place for line in invoice.lines[:1]]
