"""What callers do with one invoice: advance, approve, retry, void, delete."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from meterhouse.billing.app import Apps, Refused, app_of
from meterhouse.billing.collect_invoices import collect, rate_ready
from meterhouse.billing.collection import is_collectable
from meterhouse.billing.drive import Driven
from meterhouse.billing.families import Families
from meterhouse.billing.find_note import locked_invoice
from meterhouse.billing.go_on import go_on
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.lifecycle import resumed
from meterhouse.billing.ports import BillingStore, UsageReader
from meterhouse.billing.saving import gone_on, save
from meterhouse.billing.service import Shown, refuse_collected, refuse_final, refuse_parked, shown_on
from meterhouse.billing.state import InvoiceState, Trigger
from meterhouse.billing.void import Voiding, Wish
from meterhouse.billing.void_invoice import refuse_void, void_invoice
from meterhouse.billing.wished_void import WishedVoid
from meterhouse.kernel.errors import Conflict, InvalidInput, Problems, Unavailable
from meterhouse.platform import clock
from meterhouse.platform.work import Afterwards, Begin, Otherwise, Work, at_once, not_needed

_Act = Callable[[Work[BillingStore], Invoice, datetime], Driven]


class InvoiceActions:
    """Every action raises `NotFound` for an unknown invoice and `Conflict` where its state does not permit it.

    What the audit of the books holds (409 `invoice_parked`) is only taken back or deleted.
    """

    def __init__(
        self,
        begin: Begin[BillingStore],
        usage: UsageReader,
        apps: Apps,
        now: Callable[[], datetime] = clock.now,
        afterwards: Afterwards = at_once,
        otherwise: Otherwise = not_needed,
    ) -> None:
        self._begin = begin
        self._usage = usage
        self._apps = apps
        self._now = now
        self._afterwards = afterwards
        self._otherwise = otherwise

    def advance(self, namespace: str, invoice_id: str) -> Shown:
        """Go on as far as possible now; `Conflict` when that is nowhere."""

        def advanced(work: Work[BillingStore], invoice: Invoice, at: datetime) -> Driven:
            refuse_parked(work, invoice)
            collected = self._collected(work, namespace, invoice, at)
            if collected.invoice.lines != invoice.lines:
                return collected
            [driven] = gone_on(work, namespace, [collected], self._apps, at)
            if driven.invoice == invoice:
                raise Conflict(f"nothing can be done now for an invoice in {invoice.state.value}", "invoice_state")
            return driven

        return self._act(namespace, invoice_id, advanced)

    def approve(self, namespace: str, invoice_id: str) -> Shown:
        """Issue a draft that waits for approval."""

        def approved(work: Work[BillingStore], invoice: Invoice, at: datetime) -> Driven:
            refuse_parked(work, invoice)
            return Driven(invoice).must_fire(Trigger.APPROVE, at)

        return self._act(namespace, invoice_id, approved)

    def retry(self, namespace: str, invoice_id: str) -> Shown:
        """Try again what failed, a deletion too; a draft that lacks quantities asks for them again."""

        def retried(work: Work[BillingStore], invoice: Invoice, at: datetime) -> Driven:
            refuse_parked(work, invoice)
            if invoice.state is InvoiceState.DELETE_FAILED:
                return resumed(invoice, app_of(self._apps, namespace, invoice), at)
            again = Driven(invoice).must_fire(Trigger.RETRY, at)
            return self._collected(work, namespace, invoice, at) if is_collectable(invoice, at) else again

        return self._act(namespace, invoice_id, retried)

    def snapshot_quantities(self, namespace: str, invoice_id: str) -> Shown:
        """Read a draft's usage now, without waiting for late usage any longer.

        Raises:
            Unavailable: the usage store does not answer; nothing was changed.
        """

        def snapshotted(work: Work[BillingStore], invoice: Invoice, at: datetime) -> Driven:
            refuse_parked(work, invoice)
            forced = Driven(invoice).must_fire(Trigger.FORCE_COLLECT, at)
            refuse_final(self._apps, namespace, invoice)
            save(work, [forced], at)
            return self._collected(work, namespace, forced.invoice, at)

        return self._act(namespace, invoice_id, snapshotted)

    def recalculate_taxes(self, namespace: str, invoice_id: str) -> Shown:
        """Rate a draft again on the quantities it has, and ask its app again."""

        def recalculated(work: Work[BillingStore], invoice: Invoice, at: datetime) -> Driven:
            refuse_parked(work, invoice)
            updating = Driven(invoice).must_fire(Trigger.UPDATED, at)
            if invoice.quantity_snapshotted_at is None:
                raise Conflict("the invoice has no amounts yet", "invoice_not_rated")
            refuse_final(self._apps, namespace, invoice)
            collecting = updating.must_fire(Trigger.NEXT, at).must_fire(Trigger.FORCE_COLLECT, at)
            save(work, [collecting], at)
            families = Families(work.store.lines.related(invoice.lines))
            known = {line.id: families.reading_of(line) for line in invoice.lines}
            [rated] = rate_ready(work, [Driven(collecting.invoice)], known, families, at, at)
            return Driven(replace(rated.invoice, quantity_snapshotted_at=invoice.quantity_snapshotted_at))

        return self._act(namespace, invoice_id, recalculated)

    def delete(self, namespace: str, invoice_id: str) -> None:
        """Delete what was not issued; its lines are never billed again.

        Raises:
            InvalidInput: `invoice_delete_failed`, with what is wrong with it: its app refuses. Runs try again.
            Conflict: `invoice_collected`: its app was paid it, though its issue was lost: it is issued, then credited.
        """

        def deleted(work: Work[BillingStore], invoice: Invoice, at: datetime) -> Driven:
            fired = Driven(invoice).must_fire(Trigger.DELETE, at)
            [driven] = gone_on(work, namespace, [fired], self._apps, at)
            if driven.invoice.state is InvoiceState.DELETE_FAILED:
                refuse_collected(self._apps, namespace, invoice)
            return driven

        failed = self._act(namespace, invoice_id, deleted).invoice
        if failed.state is InvoiceState.DELETE_FAILED:
            problems = Problems()
            problems.add("", "invoice_delete_failed", "its app refuses: the deletion is tried again")
            for issue in failed.issues:
                problems.add(issue.field, issue.code, issue.message)
            problems.raise_if_any("the invoice is not deleted yet")

    def void(self, namespace: str, invoice_id: str, voiding: Voiding) -> Shown:
        """Take back an issued invoice that is not paid, its app's copy first: what is recorded, nobody collects.

        Raises:
            InvalidInput: `voiding` names others' lines.
            Conflict: `difference_charged`: a line would be billed again that another was charged the difference to;
                or the app's own code: it refuses, as it has collected meanwhile.
            Unavailable: the app does not answer. If it voids the invoice all the same, that is taken as it was wished.
        """
        wished = WishedVoid(self._begin, self._otherwise, namespace, invoice_id)

        def voided(work: Work[BillingStore], invoice: Invoice, at: datetime) -> Driven:
            driven = void_invoice(work, Driven(invoice), voiding, at)
            app = app_of(self._apps, namespace, invoice)
            wished.asked()
            answer = app.delete(invoice)
            if isinstance(answer, Refused):
                wished.refused(app, invoice)
                raise Conflict(answer.message, answer.code)
            return driven

        self._wish(namespace, invoice_id, voiding, wished)
        try:
            return self._act(namespace, invoice_id, voided)
        except (Conflict, InvalidInput, Unavailable):
            wished.settle()
            raise

    def _wish(self, namespace: str, invoice_id: str, voiding: Voiding, wished: WishedVoid) -> None:
        """Save what becomes of the lines before an app that is far away hears of it: its answer may be lost."""
        with self._begin(namespace) as work:
            invoice, at = locked_invoice(work, invoice_id), self._now()
            if app_of(self._apps, namespace, invoice).is_remote:
                Driven(invoice).must_fire(Trigger.VOID, at)
                refuse_void(work, invoice, voiding, at)
                wished.keep(work, Wish(voiding, at))
                work.commit()

    def _collected(self, work: Work[BillingStore], namespace: str, invoice: Invoice, at: datetime) -> Driven:
        """The invoice with its quantities, saved, if it waits for them; else as it is."""
        if not is_collectable(invoice, at):
            return Driven(invoice)
        [collected] = collect(work, namespace, [invoice], self._usage, at, at)
        return Driven(collected.invoice)

    def _act(self, namespace: str, invoice_id: str, act: _Act) -> Shown:
        with self._begin(namespace) as work:
            invoice, at = locked_invoice(work, invoice_id), self._now()
            acted = act(work, invoice, at)
            has_other_amounts = acted.invoice.lines != invoice.lines
            [driven] = [acted] if has_other_amounts else gone_on(work, namespace, [acted], self._apps, at)
            save(work, [driven], at)
            work.commit()
        found = {invoice_id: driven.invoice}
        if has_other_amounts:
            self._afterwards(lambda: found.update(go_on(self._begin, self._apps, namespace, [invoice_id], at)))
        return shown_on(self._apps, namespace, found[invoice_id], at)
