"""Previews on the wire: requests as the contract's own schemas; the answer is ours, made of the contract's parts."""

from meterhouse.billing.credit_note import summed
from meterhouse.billing.credit_note_schema import NoteLineWire, note_line_to_wire
from meterhouse.billing.give_back import GivenBack
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.invoice_schema import InvoiceExpand, InvoiceWire, LineWire
from meterhouse.billing.invoice_wire import invoice_to_wire, line_to_wire, period_to_wire
from meterhouse.billing.preview import LineChanges, Proration
from meterhouse.billing.preview_subscription import Preview
from meterhouse.billing.previewed_change import (
    PreviewCancel,
    PreviewChange,
    PreviewedChange,
    PreviewEdit,
    PreviewMigrate,
)
from meterhouse.billing.service import shown
from meterhouse.kernel.errors import InvalidInput, Problem
from meterhouse.platform.wire import Instant, Numeric, PeriodWire, Ulid, Wire
from meterhouse.subscriptions.edit_schema import SubscriptionEdit, edit_of
from meterhouse.subscriptions.request_schema import (
    SubscriptionCancel,
    SubscriptionChange,
    SubscriptionMigrate,
    change_of,
    migration_of,
)
from meterhouse.subscriptions.schema import SubscriptionExpanded, subscription_expanded

_WITH_LINES = frozenset({InvoiceExpand.LINES})


class SubscriptionPreview(Wire):
    """One of the calls on a subscription, as its own route takes it."""

    edit: SubscriptionEdit | None = None
    change: SubscriptionChange | None = None
    migrate: SubscriptionMigrate | None = None
    cancel: SubscriptionCancel | None = None


class ChangedLineWire(Wire):
    before: LineWire
    after: LineWire


class PreviewedLines(Wire):
    added: list[LineWire]
    changed: list[ChangedLineWire]
    removed: list[LineWire]


class ProrationWire(Wire):
    """`share` is an exact fraction, "17/31", of `fullAmount` for `fullServicePeriod`."""

    line_id: Ulid
    name: str
    share: str
    period: PeriodWire
    full_service_period: PeriodWire
    full_amount: Numeric
    amount: Numeric


class GivenBackWire(Wire):
    """A credit note that the change brings; `currency` is a custom one where units go back to credit."""

    invoice_id: Ulid
    currency: str
    total: Numeric
    credits_total: Numeric
    lines: list[NoteLineWire]


class PreviewWire(Wire):
    """`subscriptions` as they would be, last the one that comes of the change; `nextInvoice` with usage so far."""

    effective_at: Instant
    subscriptions: list[SubscriptionExpanded]
    lines: PreviewedLines
    prorations: list[ProrationWire]
    given_back: list[GivenBackWire]
    next_invoice: InvoiceWire | None = None


def asked_of(body: SubscriptionPreview) -> str:
    """The name of the one member that is there.

    Raises:
        InvalidInput: none is, or several are.
    """
    given = [name for name in SubscriptionPreview.model_fields if getattr(body, name) is not None]
    if len(given) != 1:
        message = f"give one of {', '.join(SubscriptionPreview.model_fields)}"
        raise InvalidInput(message, [Problem("", "one_change_required", message)])
    return given[0]


def previewed_of(subscription_id: str, body: SubscriptionPreview) -> PreviewedChange:
    """The change that the first member of the body asks for. Raises what the real call refuses of it."""
    if body.edit is not None:
        return PreviewEdit(subscription_id, edit_of(body.edit))
    if body.change is not None:
        return PreviewChange(subscription_id, change_of(body.change))
    if body.migrate is not None:
        return PreviewMigrate(subscription_id, migration_of(body.migrate))
    return PreviewCancel(subscription_id, (body.cancel or SubscriptionCancel()).timing)


def preview_to_wire(preview: Preview) -> PreviewWire:
    at, invoice = preview.effective_at, preview.next_invoice
    return PreviewWire(
        effective_at=at,
        subscriptions=[subscription_expanded(one, at) for one in preview.subscriptions],
        lines=_lines(preview.waiting, preview.lines),
        prorations=[_proration(one) for one in preview.prorations],
        given_back=[_given_back(one) for one in preview.given_back],
        next_invoice=None if invoice is None else invoice_to_wire(shown(invoice, at), _WITH_LINES),
    )


def _given_back(one: GivenBack) -> GivenBackWire:
    return GivenBackWire(
        invoice_id=one.invoice.id,
        currency=one.invoice.currency,
        total=summed(line.total for line in one.lines),
        credits_total=summed(line.credits for line in one.lines),
        lines=[note_line_to_wire(line) for line in one.lines],
    )


def _lines(waiting: Invoice, changes: LineChanges) -> PreviewedLines:
    return PreviewedLines(
        added=[line_to_wire(waiting, line) for line in changes.added],
        changed=[
            ChangedLineWire(before=line_to_wire(waiting, one.before), after=line_to_wire(waiting, one.after))
            for one in changes.changed
        ],
        removed=[line_to_wire(waiting, line) for line in changes.removed],
    )


def _proration(one: Proration) -> ProrationWire:
    line = one.line
    return ProrationWire(
        line_id=line.id,
        name=line.name,
        share=str(one.share),
        period=period_to_wire(line.service_period),
        full_service_period=period_to_wire(line.full_service_period),
        full_amount=one.full_amount,
        amount=line.totals.total,
    )
