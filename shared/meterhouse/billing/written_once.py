"""A unit of work that writes invoices and lines when it commits: each once, as it is by then, whatever became of it.

What a run's steps ask each other for is answered from memory. Before any other question what is held is written; before
every question, once there are lines in units of a custom currency, or what credit left of them.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime

from meterhouse.billing.drive import Driven
from meterhouse.billing.invoice import Invoice, Line, in_order
from meterhouse.billing.late_lines import Billed
from meterhouse.billing.ports import (
    BilledCustomers,
    BilledUsage,
    BillingStore,
    CreditNotes,
    InvoiceFilter,
    InvoiceOrder,
    Invoices,
    Lines,
    PageOf,
    PaymentReports,
    Voidings,
)
from meterhouse.billing.rests import Known
from meterhouse.billing.state import NOT_UNDER_WAY
from meterhouse.customers.model import Customer
from meterhouse.kernel.changed import replace
from meterhouse.kernel.errors import InvariantBroken
from meterhouse.platform.outbox import DomainEvent
from meterhouse.platform.work import Work

_Written = Callable[[], BillingStore]
"""The store beneath, with all that was held."""


class WrittenOnce:
    """`meterhouse.platform.work.Work` on another one, for customers that are locked there."""

    def __init__(self, work: Work[BillingStore], customer_ids: Collection[str]) -> None:
        self._work = work
        self._events: list[DomainEvent] = []
        self._held = _Store(work.store, customer_ids)
        self.store: BillingStore = self._held
        self.lock = work.lock

    def publish(self, *events: DomainEvent) -> None:
        self._events += events

    def commit(self) -> None:
        self._held.written()
        self._work.publish(*self._events)
        self._work.commit()
        self._held.forget()


class _Store:
    """Where nothing else is said it is the store beneath: what is asked there is not about invoices and lines."""

    def __init__(self, store: BillingStore, customer_ids: Collection[str]) -> None:
        self._beneath = store
        self._held_invoices = _Invoices(store.invoices, customer_ids, self.written, lambda: self._held_lines.have_units)
        self._held_lines = _Lines(store.lines, customer_ids, self.written, self._is_plain)
        self.invoices: Invoices = self._held_invoices
        self.lines: Lines = self._held_lines
        self.billed_usage: BilledUsage = _BilledUsage(store.billed_usage, self.written, self._is_plain)
        self.late_usage = store.late_usage
        self.profiles = store.profiles
        self.overrides = store.overrides
        self.customers: BilledCustomers = _Customers(store.customers)
        self.subscriptions = store.subscriptions
        self.features = store.features
        self.findings = store.findings
        self.tax_codes = store.tax_codes
        self.currencies = store.currencies
        self.credit = store.credit

    @property
    def credit_notes(self) -> CreditNotes:
        return self.written().credit_notes

    @property
    def payment_reports(self) -> PaymentReports:
        return self.written().payment_reports

    @property
    def voidings(self) -> Voidings:
        return self.written().voidings

    def _is_plain(self) -> bool:
        """Whether all that is held are pending lines, and the gathering invoices that they are on."""
        return not self._held_lines.have_units and not self._held_invoices.driven and self._held_lines.are_pending

    def written(self) -> BillingStore:
        self._held_invoices.write()
        self._held_lines.write()
        return self._beneath

    def forget(self) -> None:
        # its parts know each other: what they remember would wait for the collector
        self._held_invoices.known = self._held_lines.waiting = None


class _Invoices:
    def __init__(
        self, beneath: Invoices, customer_ids: Collection[str], written: _Written, has_units: Callable[[], bool]
    ) -> None:
        self._beneath = beneath
        self._customer_ids = customer_ids
        self._written = written
        self._has_units = has_units
        self._staging: dict[str, Invoice] = {}
        self.driven: dict[str, Driven] = {}
        self.known: dict[str, Invoice] | None = None

    def lock_customers(self, customer_ids: Iterable[str]) -> None:
        self._beneath.lock_customers(customer_ids)

    def find(self, invoice_id: str) -> Invoice | None:
        return self._written().invoices.find(invoice_id)

    def under_way(self, customer_ids: Collection[str]) -> list[Invoice]:
        if self.known is None or self._has_units():
            if self.driven or self._has_units():
                self._written()
            self.known = {one.id: one for one in self._beneath.under_way(self._customer_ids)}
        wanted = set(customer_ids)
        found = [one for one in self.known.values() if one.state not in NOT_UNDER_WAY and one.customer_id in wanted]
        return sorted(found, key=lambda one: (one.customer_id, one.id))

    def page(self, wanted: InvoiceFilter, page: PageOf, order: InvoiceOrder) -> tuple[list[Invoice], int]:
        return self._written().invoices.page(wanted, page, order)

    def add_gathering(self, invoices: Collection[Invoice]) -> None:
        self._staging = {one.id: one for one in invoices} | self._staging

    def save(self, driven: Collection[Driven]) -> None:
        for one in driven:
            before = self.driven.get(one.invoice.id)
            steps = () if before is None else before.transitions
            self.driven[one.invoice.id] = replace(one, transitions=(*steps, *one.transitions)) if steps else one
            if self.known is not None:
                self.known[one.invoice.id] = _in_order(one.invoice)

    def take_numbers(self, scope: str, count: int) -> range:
        return self._beneath.take_numbers(scope, count)

    def write(self) -> None:
        staging, driven = self._staging, self.driven
        self._staging, self.driven = {}, {}
        self._beneath.add_gathering(staging.values())
        self._beneath.save(driven.values())


class _Lines:
    def __init__(
        self, beneath: Lines, customer_ids: Collection[str], written: _Written, is_plain: Callable[[], bool]
    ) -> None:
        self._beneath = beneath
        self._customer_ids = customer_ids
        self._written = written
        self._is_plain = is_plain
        self.waiting: dict[str, Line] | None = None
        self._added: dict[str, Line] = {}
        self._changed: dict[str, Line] = {}
        self._removed: set[str] = set()
        self.have_units, self.are_pending = False, True

    def pending(self, customer_ids: Collection[str]) -> list[Line]:
        return sorted(self._pending(customer_ids), key=lambda line: (line.customer_id, line.invoice_at, line.id))

    def due(self, customer_ids: Collection[str], as_of: datetime) -> list[Line]:
        found = [line for line in self._due(customer_ids, as_of) if line.is_invoiced]
        return self._written().lines.due(customer_ids, as_of) if self.have_units else _by_currency(found)

    def due_to_credit(self, customer_ids: Collection[str], as_of: datetime) -> list[Line]:
        found = [line for line in self._due(customer_ids, as_of) if not line.is_invoiced]
        return self._written().lines.due_to_credit(customer_ids, as_of) if self.have_units else _by_currency(found)

    def _due(self, customer_ids: Collection[str], as_of: datetime) -> list[Line]:
        return [line for line in self._pending(customer_ids) if line.invoice_at <= as_of]

    def _pending(self, customer_ids: Collection[str]) -> list[Line]:
        if self.waiting is None:
            found = self._written().lines.pending(self._customer_ids)
            self.waiting = {line.id: line for line in found}
            self._notice(found)
        wanted = set(customer_ids)
        return [line for line in self.waiting.values() if line.customer_id in wanted]

    def settled_by_credit(self, gathering_id: str, keys: Collection[str]) -> list[Line]:
        return self._written().lines.settled_by_credit(gathering_id, keys)

    def by_ids(self, line_ids: Collection[str]) -> list[Line]:
        return self._written().lines.by_ids(line_ids)

    def live(self, keys: Collection[str]) -> list[Line]:
        return self._written().lines.live(keys)

    def of_grants(self, grant_ids: Collection[str]) -> list[Line]:
        return self._written().lines.of_grants(grant_ids)

    def unpaid_for_good(self, grant_ids: Collection[str]) -> AbstractSet[str]:
        return self._written().lines.unpaid_for_good(grant_ids)

    def taken_off(self, invoice_id: str) -> list[Line]:
        return self._written().lines.taken_off(invoice_id)

    def related(self, lines: Collection[Line]) -> list[Line]:
        # none that is pending is
        return (self._beneath if self._is_plain() else self._written().lines).related(lines)

    def family(self, line: Line) -> list[Line]:
        return self._written().lines.family(line)

    def known_of(self, subscription_ids: Collection[str]) -> Known:
        return self._written().lines.known_of(subscription_ids)

    def add(self, lines: Collection[Line]) -> int:
        self._added |= {line.id: line for line in lines}
        self._keep(lines)
        return len(lines)

    def update(self, lines: Collection[Line]) -> None:
        for line in lines:
            (self._added if line.id in self._added else self._changed)[line.id] = line
        self._keep(lines)

    def _notice(self, lines: Collection[Line]) -> None:
        self.have_units |= any(line.invoice_currency is not None or line.overage is not None for line in lines)
        self.are_pending &= all(line.is_pending for line in lines)

    def _keep(self, lines: Collection[Line]) -> None:
        self._notice(lines)
        if self.waiting is not None:
            for line in lines:
                if line.is_pending:
                    self.waiting[line.id] = line
                else:
                    self.waiting.pop(line.id, None)

    def remove(self, line_ids: Collection[str]) -> None:
        for line_id in line_ids:
            self._removed |= set() if self._added.pop(line_id, None) else {line_id}
            self._changed.pop(line_id, None)
            (self.waiting or {}).pop(line_id, None)

    def write(self) -> None:
        added, changed, removed = self._added, self._changed, self._removed
        self._added, self._changed, self._removed = {}, {}, set()
        self.are_pending = True
        if self._beneath.add(added.values()) != len(added):
            raise InvariantBroken("a line that was to be added was there")
        self._beneath.update(changed.values())
        self._beneath.remove(removed)


class _Customers:
    """Each is read once: all that is made of one says the same of it."""

    def __init__(self, beneath: BilledCustomers) -> None:
        self._beneath = beneath
        self._known: dict[str, Customer] = {}

    def by_ids(self, customer_ids: Iterable[str]) -> Mapping[str, Customer]:
        wanted = dict.fromkeys(customer_ids)
        unknown = wanted.keys() - self._known.keys()
        self._known |= self._beneath.by_ids(unknown) if unknown else {}
        return {customer_id: self._known[customer_id] for customer_id in wanted if customer_id in self._known}

    def ids_after(self, after: str, limit: int) -> list[str]:
        return self._beneath.ids_after(after, limit)


class _BilledUsage:
    def __init__(self, beneath: BilledUsage, written: _Written, is_plain: Callable[[], bool]) -> None:
        self._beneath = beneath
        self._written = written
        self._is_plain = is_plain

    def to_compare(self, customer_ids: Collection[str], now: datetime) -> Mapping[str, datetime]:
        # nobody is because of what is pending
        return (self._beneath if self._is_plain() else self._written().billed_usage).to_compare(customer_ids, now)

    def of(self, customer_ids: Collection[str], after: datetime) -> list[Billed]:
        return self._written().billed_usage.of(customer_ids, after)

    def compared(self, line_ids: Collection[str], at: datetime) -> None:
        self._written().billed_usage.compared(line_ids, at)

    def owe(self, line_ids: Collection[str], at: datetime) -> None:
        if line_ids:
            self._written().billed_usage.owe(line_ids, at)


def _by_currency(lines: Iterable[Line]) -> list[Line]:
    return sorted(lines, key=lambda line: (line.customer_id, line.currency, line.invoice_at, line.id))


def _in_order(invoice: Invoice) -> Invoice:
    """The invoice with its lines as they would be read."""
    lines = tuple(in_order(invoice.lines))
    return invoice if lines == invoice.lines else replace(invoice, lines=lines)
