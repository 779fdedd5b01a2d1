"""What apps report of payments: paid, authorized, failed, uncollectible, overdue, action required, voided."""

from collections.abc import Callable
from datetime import datetime

from meterhouse.billing.app import Apps
from meterhouse.billing.drive import Driven
from meterhouse.billing.find_note import locked_invoice
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.lifecycle import voidable
from meterhouse.billing.payment_report import PaymentReport, Recorded, is_before_payment, is_outrun
from meterhouse.billing.ports import BillingStore
from meterhouse.billing.saving import gone_on, save, taken_up
from meterhouse.billing.service import refuse_parked
from meterhouse.billing.state import RETRIED_BY_RUNS, Trigger, target_of
from meterhouse.billing.void import Voiding
from meterhouse.billing.void_invoice import as_it_can_be, void_invoice
from meterhouse.kernel.errors import Conflict, InvalidInput, Problem
from meterhouse.platform import clock
from meterhouse.platform.work import Begin, Work


class RecordPayment:
    def __init__(self, begin: Begin[BillingStore], apps: Apps, now: Callable[[], datetime] = clock.now) -> None:
        self._begin = begin
        self._apps = apps
        self._now = now

    def __call__(self, namespace: str, invoice_id: str, report: PaymentReport) -> Recorded:
        """Bring the invoice to where the report leads; a repeat, or one that was outrun, changes nothing.

        An invoice that is voided from outside is never billed again, unless a caller asked for that whose void it is.

        Raises:
            NotFound: there is no such invoice.
            InvalidInput: `attempt_unknown`: the attempt has not begun yet.
            Conflict: `invoice_state`: nobody was asked to pay yet, or what was reported before cannot be booked: the
                same report may be made again later. `invoice_parked`: the audit of the books holds it, and so what was
                reported before. `credit_notes_exist`: it cannot be voided yet.
        """
        with self._begin(namespace) as work:
            invoice, at = locked_invoice(work, invoice_id), self._now()
            if is_before_payment(invoice.state):
                raise Conflict(f"nobody was asked to pay an invoice in {invoice.state.value}", "invoice_state")
            if report.attempt is not None and report.attempt > invoice.payment_attempt:
                attempt = f"the invoice is in its attempt {invoice.payment_attempt}"
                fault = Problem("/attempt", "attempt_unknown", attempt)
                raise InvalidInput("the report is of no attempt that there was", [fault])
            if work.store.payment_reports.has(invoice_id, report.key):
                return Recorded.REPEATED
            driven = self._applied(work, namespace, invoice, report, at)
            work.store.payment_reports.add(invoice_id, report, at, is_applied=driven is not None)
            if driven is not None:
                save(work, gone_on(work, namespace, [driven], self._apps, at), at)
            work.commit()
        return Recorded.STALE if driven is None else Recorded.APPLIED

    def _applied(
        self, work: Work[BillingStore], namespace: str, invoice: Invoice, report: PaymentReport, at: datetime
    ) -> Driven | None:
        """The invoice with the report's step; None where that is outrun."""
        if is_outrun(report, work.store.payment_reports.last(invoice.id), invoice.payment_attempt):
            return None
        booked = self._booked(work, namespace, invoice, at)
        if report.outcome is Trigger.VOID:
            reason = report.reason or "voided at the app"
            if target_of(voidable(booked, at, reason).invoice.state, Trigger.VOID, frozenset()):
                wish = work.store.voidings.of([invoice.id]).get(invoice.id)
                voiding = Voiding(reason, None, {})
                if wish is not None and wish.is_of(report.occurred_at):
                    voiding = as_it_can_be(work, invoice, wish.voiding, at)
                return void_invoice(work, voidable(Driven(invoice), at, reason), voiding, at)
        fired = booked.fired(report.outcome, at, report.reason)
        if fired is None and booked.invoice.state in RETRIED_BY_RUNS:
            refuse_parked(work, booked.invoice)
            raise Conflict(f"an invoice in {booked.invoice.state.value} takes no further report", "invoice_state")
        return fired

    def _booked(self, work: Work[BillingStore], namespace: str, invoice: Invoice, at: datetime) -> Driven:
        """What was reported before is booked now, if it could not be then."""
        if invoice.state not in RETRIED_BY_RUNS:
            return Driven(invoice)
        taken = taken_up(work, [invoice], self._apps.of(namespace, {invoice.app_id}), at)
        [again] = gone_on(work, namespace, taken, self._apps, at)
        return again
