"""What a change of a subscription would come to: the change itself is done, in a transaction that is never saved."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from meterhouse.billing.burn_credit import burn_credit
from meterhouse.billing.burn_lines import burnt_units, in_order_of_burning, is_in_at
from meterhouse.billing.collection import Missing, gathering, quantity_of
from meterhouse.billing.drive import Driven
from meterhouse.billing.families import Families
from meterhouse.billing.give_back import GivenBack, to_give_back
from meterhouse.billing.invoice import Invoice, Line
from meterhouse.billing.overages import bases_of, leaves_money
from meterhouse.billing.overrides import profiles_of
from meterhouse.billing.ports import UsageReader
from meterhouse.billing.preview import (
    LineChanges,
    Pending,
    Proration,
    Usages,
    changes_between,
    due_by,
    next_edge,
    next_invoice,
)
from meterhouse.billing.preview_ports import PreviewStore
from meterhouse.billing.previewed_change import Done, PreviewedChange
from meterhouse.billing.profile import Workflow
from meterhouse.billing.quantities import of_customers, quantities_of
from meterhouse.billing.reconcile import gathering_id, reconcile
from meterhouse.customers.model import Customer
from meterhouse.kernel.errors import NotFound
from meterhouse.platform import clock
from meterhouse.platform.outbox import DomainEvent
from meterhouse.platform.work import Begin, Work
from meterhouse.subscriptions.full import FullSubscription, in_full
from meterhouse.subscriptions.model import Subscription

_FARTHEST = timedelta(days=800)


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be.

    Attributes:
        subscriptions: those that the change touches, in full; the last one is what comes of it.
        waiting: the customer's gathering invoice, where added and changed lines would wait.
        next_invoice: None where nothing is to be invoiced; less the prepaid credit that there is now.
        given_back: what the change gives back of invoices that are paid, by a credit note each.
    """

    subscriptions: Sequence[FullSubscription]
    effective_at: datetime
    waiting: Invoice
    lines: LineChanges
    prorations: Sequence[Proration]
    next_invoice: Invoice | None
    given_back: Sequence[GivenBack] = ()


class PreviewSubscription:
    def __init__(self, begin: Begin[PreviewStore], usage: UsageReader, now: Callable[[], datetime] = clock.now) -> None:
        self._begin = begin
        self._usage = usage
        self._now = now

    def __call__(self, namespace: str, change: PreviewedChange) -> Preview:
        """What the change would do; nothing of it is saved or told.

        Raises:
            Unavailable: the usage store does not answer.
            MeterhouseError: whatever the change itself is refused for.
        """
        now = self._now()
        with self._begin(namespace) as opened:
            work = _Unsaved(opened)
            customer_id = change.customer_id(work)
            agreed = [] if customer_id is None else work.store.subscriptions.of_customer(customer_id)
            done = change(work, now)
            return self._preview(work, namespace, done, agreed, now)

    def _preview(
        self,
        work: Work[PreviewStore],
        namespace: str,
        done: Done,
        agreed: Sequence[Subscription],
        now: datetime,
    ) -> Preview:
        made = done.made
        customer = work.store.customers.find(made.customer_id)
        if customer is None:
            raise NotFound("customer", made.customer_id)
        profile = profiles_of(work, namespace, [customer.id], now)[customer.id]
        workflow = profile.spec.workflow
        changes, due, by_then = _lines(work, agreed, done, workflow, now)
        burning = _burning(by_then, due, workflow)
        bases = bases_of(work.store.currencies, [*changes.old, *changes.new, *due])
        # a line that changes has one id on both sides, so each side asks for itself
        old = self._usages(work, namespace, customer, changes.old)
        new = self._usages(work, namespace, customer, [*changes.new, *due, *burning])
        valued = changes.valued(old.in_money(bases), new.in_money(bases), workflow, now)
        billed = _less_units(work, burning, new, workflow, now).in_money(bases)
        return Preview(
            subscriptions=[in_full(work, one) for one in done.subscriptions],
            effective_at=done.effective_at,
            waiting=gathering(customer, made.currency, gathering_id(customer.id, made.currency), profile, now),
            lines=valued,
            prorations=changes.prorations(valued, workflow),
            next_invoice=_less_credit(work, next_invoice(due, customer, profile, billed, now), now),
            given_back=_given_back(work, agreed, done, now),
        )

    def _usages(self, work: Work[PreviewStore], namespace: str, customer: Customer, lines: Sequence[Line]) -> Usages:
        asked = of_customers(lines, {customer.id: customer})
        families = Families(work.store.lines.related(asked))
        found = quantities_of(namespace, families.readings(asked), work.store.features, self._usage)
        return Usages(found, families.rating(found))


def _burning(by_then: Collection[Line], due: Collection[Line], workflow: Workflow) -> list[Line]:
    """Lines in units that runs charge to credit until all of `due` are, whoever settles them, in the runs' order."""
    in_at = {line.id: is_in_at(line, workflow) for line in by_then if line.invoice_currency is not None}
    last = max((in_at[line.id] for line in due if leaves_money(line)), default=None)
    if last is None:
        return []
    return in_order_of_burning((line for line in by_then if line.id in in_at and in_at[line.id] <= last), in_at)


def _less_units(
    work: Work[PreviewStore], burning: Sequence[Line], usages: Usages, workflow: Workflow, now: datetime
) -> Usages:
    """What values lines of an invoice: those in units less what the credit that is there now would bear of them."""
    quantities = {line.id: quantity_of(line, usages.quantities) for line in burning}
    known = [(line, found) for line in burning if not isinstance(found := quantities[line.id], Missing)]
    rated = [usages.rate_line(line, quantity, workflow, now) for line, quantity in known]
    burnt = {line.id: line for line in burnt_units(work.store.credit, rated, now)}

    def rate_line(line: Line, quantity: Decimal, workflow: Workflow, now: datetime) -> Line:
        return burnt.get(line.id) or usages.rate_line(line, quantity, workflow, now)

    return Usages(usages.quantities, rate_line)


def _less_credit(work: Work[PreviewStore], draft: Invoice | None, now: datetime) -> Invoice | None:
    """The draft less what the credit that is there now would bear of it."""
    return None if draft is None else burn_credit(work, [Driven(draft)], now)[0].invoice


@dataclass(frozen=True, slots=True)
class _Unsaved:
    """A unit of work that tells nobody and cannot be saved."""

    opened: Work[PreviewStore]
    store: PreviewStore = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "store", self.opened.store)

    def publish(self, *events: DomainEvent) -> None:
        """Nothing has happened."""

    def lock(self, *key: str) -> None:
        self.opened.lock(*key)

    def commit(self) -> None:
        """There is nothing to keep."""


def _lines(
    work: Work[PreviewStore], agreed: Sequence[Subscription], done: Done, workflow: Workflow, now: datetime
) -> tuple[LineChanges, list[Line], Sequence[Line]]:
    """How the customer's pending lines change, as far as it shows; those of the next invoice; all there are by then."""
    after = work.store.subscriptions.of_customer(done.made.customer_id)
    known = work.store.lines.known_of(sorted({one.id for one in (*agreed, *after)}))
    stored = Pending(work.store.lines.pending([done.made.customer_id]), known)
    horizon = _horizon(done, now)
    before = stored.following(agreed, horizon, now)
    changed = before.following(after, horizon, now)
    edge = next_edge(changed.lines, done.made.currency, workflow, now)
    by_then = changed.following(after, max(horizon, min(edge, now + _FARTHEST)), now)
    due = due_by(by_then.lines, done.made.currency, edge)
    return changes_between(before.lines, changed.lines), due, by_then.lines


def _given_back(work: Work[PreviewStore], agreed: Sequence[Subscription], done: Done, now: datetime) -> list[GivenBack]:
    """What runs give back once the change is in force, and would not without it."""
    at = min(max(done.effective_at, now), now + _FARTHEST)
    after = work.store.subscriptions.of_customer(done.made.customer_id)
    known = work.store.lines.known_of(sorted({one.id for one in (*agreed, *after)}))
    pending = [line for line in work.store.lines.pending([done.made.customer_id]) if line.subscription is not None]
    without, with_it = (reconcile(one, pending, known, at, now).returned for one in (agreed, after))
    return to_give_back(work.store, [one for one in with_it if one not in without])


def _horizon(done: Done, now: datetime) -> datetime:
    """The end of the billing period in which the change takes effect: until then all its lines are there.

    A change may be far ahead; there are no more lines then than a run in some years would make.
    """
    at = min(max(done.effective_at, now), now + _FARTHEST)
    period = done.made.billing_period_at(at)
    return at if period is None else period.end
