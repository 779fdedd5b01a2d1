"""An invoice edited by hand: a draft is on its way again from where usage is waited for, a gathering one stays one."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from meterhouse.billing.app import Apps
from meterhouse.billing.burn_credit import return_credit
from meterhouse.billing.collect_invoices import collect
from meterhouse.billing.credits import credited
from meterhouse.billing.drive import Driven
from meterhouse.billing.edit import Edit, Edited, edit_problems, edited, recognised, refuse_faulty
from meterhouse.billing.edit_gathering import edit_gathering
from meterhouse.billing.find_note import locked_invoice
from meterhouse.billing.go_on import go_on
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.manual_lines import features_of, line_code_problems
from meterhouse.billing.ports import BillingStore, UsageReader
from meterhouse.billing.profiles import supplier_problems
from meterhouse.billing.purchases import forget_purchases
from meterhouse.billing.saving import save
from meterhouse.billing.service import Shown, refuse_final, refuse_parked, shown_on
from meterhouse.billing.state import InvoiceState, Trigger
from meterhouse.billing.tax_codes import unknown_codes
from meterhouse.platform import clock, ids
from meterhouse.platform.work import Afterwards, Begin, Work, at_once

_DEFAULT_TAX = "/workflow/workflow/invoicing/defaultTaxConfig"


class EditInvoice:
    def __init__(
        self,
        begin: Begin[BillingStore],
        usage: UsageReader,
        apps: Apps,
        now: Callable[[], datetime] = clock.now,
        new_id: Callable[[], str] = ids.new_id,
        afterwards: Afterwards = at_once,
    ) -> None:
        self._begin = begin
        self._usage = usage
        self._apps = apps
        self._now = now
        self._new_id = new_id
        self._afterwards = afterwards

    def __call__(self, namespace: str, invoice_id: str, edit: Edit) -> Shown:
        """Put the edit in place of what the invoice says; a draft goes on as far as possible. A repeat changes nothing.

        Raises:
            NotFound: there is no such invoice.
            Conflict: `invoice_state`: it is no draft any more; `invoice_parked`: the audit holds it;
                `invoice_issued`, `invoice_collected`, `invoice_closed`: its app has issued it, and was paid it, or has
                taken it back; `customer_deleted`: nothing more is gathered for its customer.
            InvalidInput: with every fault of the edit.
            Unavailable: the usage store does not answer; nothing was changed.
        """
        with self._begin(namespace) as work:
            invoice, at = locked_invoice(work, invoice_id), self._now()
            refuse_parked(work, invoice)
            if invoice.state is InvoiceState.GATHERING:
                gathered = edit_gathering(work, namespace, invoice, edit, self._usage, self._new_id, at)
                work.commit()
                return gathered
            updating = Driven(invoice).must_fire(Trigger.UPDATED, at)
            edit = recognised(invoice, edit)
            known = features_of(work, edit.lines)
            refuse_faulty(
                [
                    *supplier_problems(edit.supplier),
                    *edit_problems(invoice, edit, known),
                    *line_code_problems(work, edit.lines),
                    *unknown_codes([(edit.terms.default_tax_config, _DEFAULT_TAX)], work.store.tax_codes),
                ]
            )
            done = edited(invoice, edit, known, self._new_id, at)
            if done.invoice == invoice:
                return shown_on(self._apps, namespace, invoice, at)
            refuse_final(self._apps, namespace, invoice)
            saved = self._resumed(work, namespace, updating, done, at)
            work.commit()
        found = {invoice_id: saved}
        self._afterwards(lambda: found.update(go_on(self._begin, self._apps, namespace, [invoice_id], at)))
        return shown_on(self._apps, namespace, found[invoice_id], at)

    def _resumed(
        self, work: Work[BillingStore], namespace: str, updating: Driven, done: Edited, at: datetime
    ) -> Invoice:
        return_credit(work, updating.invoice.lines, at)
        work.store.lines.add(done.added)
        to_be_collected = _to_be_collected(updating.invoice, done)
        work.store.lines.update([*to_be_collected.lines, *done.removed])
        forget_purchases(work, done.removed, at)
        waiting = replace(updating, invoice=to_be_collected).must_fire(Trigger.NEXT, at)
        save(work, [waiting], at)
        [collected] = collect(work, namespace, [waiting.invoice], self._usage, at, at)
        return collected.invoice


def _to_be_collected(updating: Invoice, done: Edited) -> Invoice:
    """What was found out about the draft as it was is forgotten, and no credit bears anything of it any more."""
    state, step = updating.state, updating.step
    unborne = credited(done.invoice, {})
    return replace(unborne, state=state, step=step, issues=(), quantity_snapshotted_at=None)
