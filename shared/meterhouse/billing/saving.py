"""Bringing invoices on, each on its own app, and writing what they became: rows, steps, domain events, numbers."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import compress

from meterhouse.billing.app import Apps, InvoicingApp, Payment
from meterhouse.billing.burn_credit import settle_credit
from meterhouse.billing.drive import Driven, drive
from meterhouse.billing.dunning import Dunning
from meterhouse.billing.events import step_events
from meterhouse.billing.invoice import Invoice, draft_number
from meterhouse.billing.lifecycle import drive_by_rule, resumed
from meterhouse.billing.ports import BillingStore
from meterhouse.billing.purchases import settle_purchases
from meterhouse.billing.state import InvoiceState
from meterhouse.billing.void_invoice import as_it_can_be, bill_again
from meterhouse.kernel.changed import replace, unchecked
from meterhouse.platform.work import Work

_ON_ITS_WAY_OUT = frozenset({InvoiceState.DELETE_IN_PROGRESS, InvoiceState.DELETE_SYNCING, InvoiceState.DELETE_FAILED})
_SYNCS = (InvoiceState.DRAFT_SYNCING, InvoiceState.ISSUING_SYNCING)


def save(work: Work[BillingStore], driven: Sequence[Driven], now: datetime) -> None:
    """Write invoices with their steps, bookings and events, of their lines the taxes alone; the caller commits."""
    work.store.invoices.save([one.over(replace(one.invoice, updated_at=now)) for one in driven])
    # apps say what taxes lines have
    work.store.lines.update([line for one in driven if _was_synced(one) for line in one.invoice.lines if line.is_taxed])
    settle_credit(work, driven, now)
    settle_purchases(work, driven, now)
    work.store.credit.ledger.book([unchecked(booking, recorded_at=now) for one in driven for booking in one.bookings])
    work.publish(*(event for one in driven for event in step_events(one)))


def _was_synced(driven: Driven) -> bool:
    return any(step.source in _SYNCS for step in driven.transitions)


def taken_up(
    work: Work[BillingStore], invoices: Sequence[Invoice], apps: Mapping[str, InvoicingApp], at: datetime
) -> list[Driven]:
    """Each invoice back at the work that failed, but for what the audit of the books holds, as in `gone_on`."""
    held = _held(work, invoices)
    return [
        Driven(invoice) if is_held else resumed(invoice, apps[invoice.app_id], at)
        for invoice, is_held in zip(invoices, held, strict=True)
    ]


def gone_on(
    work: Work[BillingStore],
    namespace: str,
    driven: Sequence[Driven],
    apps: Apps,
    at: datetime,
    dunning: Dunning | None = None,
) -> list[Driven]:
    """Each invoice as far as it goes on its app, and by the rule; not saved, but numbered where it was issued.

    What the audit of the books holds stays where it is, unless it is being deleted.
    """
    by_id = apps.of(namespace, {one.invoice.app_id for one in driven})
    held = _held(work, [one.invoice for one in driven])
    moved = [
        one if is_held else _moved(one, by_id[one.invoice.app_id], dunning, at)
        for one, is_held in zip(driven, held, strict=True)
    ]
    wished = _as_wished(work, driven, moved, by_id, at)
    return _numbered(work, wished, {app_id: app.name for app_id, app in by_id.items()})


def _held(work: Work[BillingStore], invoices: Sequence[Invoice]) -> list[bool]:
    parked = work.store.findings.parked([invoice.id for invoice in invoices])
    return [invoice.id in parked and invoice.state not in _ON_ITS_WAY_OUT for invoice in invoices]


def _moved(driven: Driven, app: InvoicingApp, dunning: Dunning | None, at: datetime) -> Driven:
    return drive(driven, app, at) if dunning is None else drive_by_rule(driven, app, dunning, at)


def _as_wished(
    work: Work[BillingStore],
    before: Sequence[Driven],
    after: Sequence[Driven],
    apps: Mapping[str, InvoicingApp],
    at: datetime,
) -> list[Driven]:
    """Of what its app turned out to have voided lines are pending again, if a caller asked for that and it can be."""
    found = {
        was.invoice.id: was.invoice
        for was, now in zip(before, after, strict=True)
        if now.invoice.state is InvoiceState.VOIDED is not was.invoice.state
    }
    wishes = work.store.voidings.of(found) if found else {}
    reasons: dict[str, str] = {}
    for invoice_id, wish in wishes.items():
        invoice = found[invoice_id]
        if wish.is_of(_voided_at(invoice, apps[invoice.app_id])):
            voiding = as_it_can_be(work, invoice, wish.voiding, at)
            bill_again(work, invoice, voiding, at)
            reasons[invoice_id] = voiding.reason
    return [_with_reason(one, reasons[one.invoice.id]) if one.invoice.id in reasons else one for one in after]


def _with_reason(driven: Driven, reason: str) -> Driven:
    *steps, last = driven.transitions
    return Driven(driven.invoice, (*steps, last._replace(reason=reason)), driven.bookings)


def _voided_at(invoice: Invoice, app: InvoicingApp) -> datetime | None:
    payment = app.payment_of(invoice)
    return payment.at if isinstance(payment, Payment) else None


def _numbered(work: Work[BillingStore], driven: Sequence[Driven], scopes: Mapping[str, str]) -> list[Driven]:
    """Give every invoice that was issued, and that its app did not number, the next number of its app's scope.

    Numbers have no gaps: whoever takes some keeps others waiting until the transaction ends.
    """
    needs = [_needs_number(one) for one in driven]
    waiting = Counter(scopes[one.invoice.app_id] for one in compress(driven, needs))
    # in order of the scopes: nobody waits in a circle
    numbers = {scope: iter(work.store.invoices.take_numbers(scope, waiting[scope])) for scope in sorted(waiting)}
    return [_with_number(one, scopes, numbers) if is_due else one for one, is_due in zip(driven, needs, strict=True)]


def _needs_number(driven: Driven) -> bool:
    was_issued = any(step.target is InvoiceState.ISSUED for step in driven.transitions)
    return was_issued and driven.invoice.number == draft_number(driven.invoice.id)


def _with_number(driven: Driven, scopes: Mapping[str, str], numbers: Mapping[str, Iterator[int]]) -> Driven:
    scope = scopes[driven.invoice.app_id]
    return driven.over(replace(driven.invoice, number=f"{scope.upper()}-{next(numbers[scope]):06d}"))
