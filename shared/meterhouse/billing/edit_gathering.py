"""A gathering invoice edited by hand: its lines by hand are what the edit says, nothing is collected of it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from meterhouse.billing.drive import Driven
from meterhouse.billing.edit import Edit, Edited, recognised, refuse_faulty
from meterhouse.billing.gathering_edit import gathering_edited, gathering_problems
from meterhouse.billing.invoice import Invoice, Line
from meterhouse.billing.manual_lines import features_of, line_code_problems
from meterhouse.billing.overrides import live_customer
from meterhouse.billing.ports import BillingStore, UsageReader
from meterhouse.billing.service import Shown, found_invoice, invoiceable, presented, shown, valued
from meterhouse.platform.work import Work


def edit_gathering(
    work: Work[BillingStore],
    namespace: str,
    stored: Invoice,
    edit: Edit,
    usage: UsageReader,
    new_id: Callable[[], str],
    now: datetime,
) -> Shown:
    """Put the edit in place of what the gathering invoice says; its customer is locked, and the caller commits.

    Raises:
        Conflict: `customer_deleted`: a line is added for a customer that is no more.
        InvalidInput: with every fault of the edit.
        Unavailable: the usage store does not answer.
    """
    [staged] = presented(work, namespace, [stored], now)
    edit = recognised(staged, edit)
    known = features_of(work, edit.lines)
    elsewhere = _elsewhere(work, staged, edit)
    refuse_faulty([*gathering_problems(staged, edit, known, elsewhere), *line_code_problems(work, edit.lines)])
    done = gathering_edited(staged, edit, known, new_id, now)
    if done.invoice != staged:
        _write(work, stored, done, now)
        stored = found_invoice(work, stored.id)
    [live] = valued(work, namespace, [stored], usage, now)
    is_due = bool(invoiceable(work, namespace, [live], usage, now))
    return shown(live, now, can_be_invoiced=is_due)


def _elsewhere(work: Work[BillingStore], staged: Invoice, edit: Edit) -> Mapping[str, Line]:
    """The customer's lines that the edit names and that are not pending here any more, or never were."""
    own = {line.id for line in staged.lines}
    strange = {spec.line_id for spec in edit.lines if spec.line_id is not None} - own
    found = work.store.lines.by_ids(strange) if strange else []
    return {line.id: line for line in found if line.customer_id == staged.customer_id}


def _write(work: Work[BillingStore], stored: Invoice, done: Edited, now: datetime) -> None:
    """The lines, and of the invoice its words; lines that are added bring the workflow of today, as they always do."""
    after = replace(stored, description=done.invoice.description, metadata=done.invoice.metadata, updated_at=now)
    if done.added:
        live_customer(work, stored.customer_id)
        after = replace(after, workflow=done.invoice.workflow)
    work.store.invoices.save([Driven(after)])
    work.store.lines.add(done.added)
    work.store.lines.update([*done.changed, *done.removed])
