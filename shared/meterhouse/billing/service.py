"""Invoices as callers see them; `act_on_invoice.py` moves them, the invoice run has files of its own."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime

from meterhouse.billing.app import UNLIKE_ITS_COPY, AppDirectory, Apps, CopyState, app_of
from meterhouse.billing.collection import (
    Missing,
    Quantities,
    RateLine,
    gathering,
    next_collection_at,
    quantity_of,
    with_lines,
)
from meterhouse.billing.families import Families
from meterhouse.billing.installed_app import InstalledApp
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.overrides import profiles_of
from meterhouse.billing.ports import BillingStore, InvoiceFilter, InvoiceOrder, PageOf, UsageReader
from meterhouse.billing.profile import Profile
from meterhouse.billing.profiles import sandbox_id
from meterhouse.billing.quantities import billable_in_part, of_invoices, quantities_of
from meterhouse.billing.state import TRANSITIONS, InvoiceState, Trigger, available_actions
from meterhouse.customers.model import Customer
from meterhouse.kernel.currency import is_iso
from meterhouse.kernel.errors import Conflict, NotFound
from meterhouse.platform import clock
from meterhouse.platform.work import Begin, Work

_FINAL = {
    CopyState.ISSUED: "its app has issued this draft, and the answer was lost: {way} it, or delete it",
    CopyState.COLLECTED: "its app has collected this draft, whose issue was lost: {way} it",
    CopyState.CLOSED: "its app has closed its copy of this draft: delete it",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """An invoice, with what a caller may do with it now and where that would lead.

    `can_be_invoiced`: of a gathering invoice, whether an invoice can be made of any of its lines.
    """

    invoice: Invoice
    actions: dict[str, InvoiceState]
    can_be_invoiced: bool = False


class InvoiceService:
    def __init__(
        self,
        begin: Begin[BillingStore],
        usage: UsageReader,
        apps: AppDirectory,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self._begin = begin
        self._apps = apps
        self._usage = usage
        self._now = now

    def page(self, namespace: str, wanted: InvoiceFilter, page: PageOf, order: InvoiceOrder) -> tuple[list[Shown], int]:
        """One page of invoices, and how many there are; gathering invoices are valued as of now."""
        with self._begin(namespace) as work:
            found, total = work.store.invoices.page(wanted, page, order)
            return self._shown(work, namespace, found), total

    def get(self, namespace: str, invoice_id: str, *, include_deleted_lines: bool = False) -> Shown:
        """An invoice, a deleted one too; its deleted lines follow the others where they are wanted.

        Raises:
            NotFound: there is none of this id.
        """
        with self._begin(namespace) as work:
            found = self._shown(work, namespace, [found_invoice(work, invoice_id)])[0]
            deleted = work.store.lines.taken_off(invoice_id) if include_deleted_lines else ()
        return replace(found, invoice=replace(found.invoice, lines=(*found.invoice.lines, *deleted)))

    def apps_of(self, namespace: str, invoices: Iterable[Shown]) -> Mapping[str, InstalledApp]:
        """The apps of invoices by id, uninstalled ones too."""
        return self._apps.installed(namespace, {one.invoice.app_id for one in invoices})

    def _shown(self, work: Work[BillingStore], namespace: str, invoices: Sequence[Invoice]) -> list[Shown]:
        at = self._now()
        staged = [invoice for invoice in invoices if invoice.state is InvoiceState.GATHERING]
        live = valued(work, namespace, staged, self._usage, at) if staged else ()
        by_id = {invoice.id: invoice for invoice in live}
        others = {invoice.app_id for invoice in invoices} - {sandbox_id(namespace)}
        apps = self._apps.installed(namespace, others) if others else {}
        awaits = {app_id: app.awaits for app_id, app in apps.items()}
        present = [by_id.get(invoice.id, invoice) for invoice in invoices]
        due = invoiceable(work, namespace, live, self._usage, at) if live else frozenset()
        return [shown(one, at, awaits.get(one.app_id, frozenset()), can_be_invoiced=one.id in due) for one in present]


def presented(work: Work[BillingStore], namespace: str, invoices: Sequence[Invoice], at: datetime) -> list[Invoice]:
    """Gathering invoices on the terms of `at`, their lines as they are kept."""
    customers = work.store.customers.by_ids({invoice.customer_id for invoice in invoices})
    profiles = profiles_of(work, namespace, customers, at)
    return [_present(one, customers[one.customer_id], profiles[one.customer_id]) for one in invoices]


def valued(
    work: Work[BillingStore], namespace: str, invoices: Sequence[Invoice], usage: UsageReader, at: datetime
) -> list[Invoice]:
    """Gathering invoices on the terms of `at` and with what their lines come to so far.

    Raises:
        Unavailable: the usage store does not answer.
    """
    present = presented(work, namespace, invoices, at)
    lines = of_invoices(present)
    families = Families(work.store.lines.related(lines))
    quantities = quantities_of(namespace, families.readings(lines), work.store.features, usage)
    return [_valued_invoice(invoice, quantities, families.rating(quantities), at) for invoice in present]


def invoiceable(
    work: Work[BillingStore], namespace: str, staged: Sequence[Invoice], usage: UsageReader, at: datetime
) -> AbstractSet[str]:
    """Those of the gathering invoices, by id, that have a line to be invoiced at `at`, or a part of one."""
    due = {one.id for one in staged if any(line.invoice_at <= at for line in one.lines)}
    waiting = [one for one in staged if one.id not in due and one.workflow.progressive_billing]
    lines = [line for one in waiting for line in one.lines]
    return due | {line.invoice_id for line in billable_in_part(namespace, lines, work.store.features, usage, at)}


def found_invoice(work: Work[BillingStore], invoice_id: str) -> Invoice:
    """The invoice of this id; raises `NotFound`, as for what lines in units wait with, which is no invoice."""
    invoice = work.store.invoices.find(invoice_id)
    if invoice is None or not is_iso(invoice.currency):
        raise NotFound("invoice", invoice_id)
    return invoice


def refuse_parked(work: Work[BillingStore], invoice: Invoice) -> None:
    """Raises `Conflict` `invoice_parked` for what the audit of the books holds."""
    if work.store.findings.parked([invoice.id]):
        raise Conflict("the audit of the books holds this invoice: see its findings", "invoice_parked")


def refuse_final(apps: Apps, namespace: str, invoice: Invoice) -> None:
    """A draft that its app has issued already, as its issue was lost, keeps its amounts and goes on.

    One that is unlike the issued copy, or whose amounts can be those of none, may become like it. An app that refuses
    to tell refuses amounts that differ from what it has, too.

    Raises:
        Conflict: `invoice_collected`, `invoice_issued`, `invoice_closed`.
        Unavailable: the app does not answer.
    """
    if not any(issue.code in UNLIKE_ITS_COPY for issue in invoice.issues):
        _refuse_copy(apps, namespace, invoice, _FINAL)


def refuse_collected(apps: Apps, namespace: str, invoice: Invoice) -> None:
    """Raises `Conflict` `invoice_collected` for a draft that its app has collected; `Unavailable`."""
    _refuse_copy(apps, namespace, invoice, {CopyState.COLLECTED})


def _refuse_copy(apps: Apps, namespace: str, invoice: Invoice, states: Collection[CopyState]) -> None:
    found = app_of(apps, namespace, invoice).copy_of(invoice)
    if found is not None and found in states:
        way = "retry" if Trigger.RETRY in TRANSITIONS[invoice.state] else "approve or advance"
        raise Conflict(_FINAL[found].format(way=way), f"invoice_{found.value}")


def shown(
    invoice: Invoice, at: datetime, awaits: AbstractSet[InvoiceState] = frozenset(), *, can_be_invoiced: bool = False
) -> Shown:
    """The invoice as a caller sees it; `awaits`: where its app has to be waited for."""
    return Shown(invoice, available_actions(invoice.state, invoice.holding(at), awaits), can_be_invoiced)


def shown_on(apps: Apps, namespace: str, invoice: Invoice, at: datetime) -> Shown:
    """The invoice as a caller sees it, on its app."""
    return shown(invoice, at, app_of(apps, namespace, invoice).awaits)


def _present(stored: Invoice, customer: Customer, profile: Profile) -> Invoice:
    """A gathering invoice on the terms that hold now: what is collected from it will be on those of its day.

    What callers wrote on it stays there.
    """
    made = gathering(customer, stored.currency, stored.id, profile, stored.created_at)
    collection_at = next_collection_at(stored.lines, made.workflow)
    changed_at = max([stored.updated_at, *(line.updated_at for line in stored.lines)])
    written = replace(made, description=stored.description, metadata=stored.metadata)
    return replace(written, lines=stored.lines, updated_at=changed_at, collection_at=collection_at)


def _valued_invoice(invoice: Invoice, quantities: Quantities, rate_line: RateLine, at: datetime) -> Invoice:
    found = [(line, quantity_of(line, quantities)) for line in invoice.lines]
    lines = [
        line
        if isinstance(quantity, Missing)
        else replace(rate_line(line, quantity, invoice.workflow, at), updated_at=line.updated_at)
        for line, quantity in found
    ]
    return with_lines(invoice, lines)
