"""What a system of the caller's own says of an invoice: it has the draft, it has the invoice, it was paid or not."""

from collections.abc import Callable
from datetime import datetime

from meterhouse.billing.app import Accepted, AppDirectory
from meterhouse.billing.confirm_sync import ConfirmSync
from meterhouse.billing.installed_app import AppType
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.payment_report import PaymentReport, Recorded
from meterhouse.billing.ports import BillingStore
from meterhouse.billing.record_payment import RecordPayment
from meterhouse.billing.service import found_invoice, refuse_parked
from meterhouse.billing.state import InvoiceState, Trigger
from meterhouse.kernel.errors import Conflict, InvalidInput, Problem
from meterhouse.platform import clock
from meterhouse.platform.work import Begin, Work

_LEADS_TO = {
    Trigger.PAID: InvoiceState.PAID,
    Trigger.FAILED: InvoiceState.PAYMENT_FAILED,
    Trigger.PAYMENT_UNCOLLECTIBLE: InvoiceState.UNCOLLECTIBLE,
    Trigger.PAYMENT_OVERDUE: InvoiceState.OVERDUE,
    Trigger.ACTION_REQUIRED: InvoiceState.PAYMENT_ACTION_REQUIRED,
    Trigger.VOID: InvoiceState.VOIDED,
}


class CustomCallbacks:
    """Every call raises `NotFound` for an unknown invoice, and `InvalidInput` for one of another app."""

    def __init__(
        self,
        begin: Begin[BillingStore],
        apps: AppDirectory,
        confirm: ConfirmSync,
        record: RecordPayment,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self._begin = begin
        self._apps = apps
        self._confirm = confirm
        self._record = record
        self._now = now

    def draft_synchronized(self, namespace: str, invoice_id: str, answer: Accepted) -> None:
        """The system has the draft; raises as `ConfirmSync`."""
        with self._begin(namespace) as work:
            self._own(work, namespace, invoice_id)
            self._confirm.draft(namespace, invoice_id, answer)
            work.commit()

    def issuing_synchronized(self, namespace: str, invoice_id: str, answer: Accepted) -> None:
        """The system has the final invoice; raises as `ConfirmSync`."""
        with self._begin(namespace) as work:
            self._own(work, namespace, invoice_id)
            self._confirm.issuing(namespace, invoice_id, answer)
            work.commit()

    def payment_status(self, namespace: str, invoice_id: str, outcome: Trigger, attempt: int | None = None) -> None:
        """This became of the payment; said again of an invoice that is there already, it changes nothing.

        What is said of an `attempt` that is over does not touch the one that is under way.

        Raises:
            Conflict: `invoice_state`: the invoice cannot become so, now or any more; `invoice_parked`: nor while the
                audit of the books holds it. Else as `RecordPayment`.
        """
        with self._begin(namespace) as work:
            invoice = self._own(work, namespace, invoice_id)
            # these reports carry no key: the same word after another step is another report
            key = f"custom_invoicing/{invoice.step}/{outcome.value}"
            report = PaymentReport(key, outcome, self._now(), attempt=attempt)
            recorded = self._record(namespace, invoice_id, report)
            if recorded is Recorded.STALE and invoice.state is not _LEADS_TO[outcome]:
                refuse_parked(work, invoice)
                message = f"{outcome.value} is not possible for an invoice in {invoice.state.value}"
                raise Conflict(message, "invoice_state")
            work.commit()

    def _own(self, work: Work[BillingStore], namespace: str, invoice_id: str) -> Invoice:
        """The invoice, held against every other step."""
        work.store.invoices.lock_customers([found_invoice(work, invoice_id).customer_id])
        invoice = found_invoice(work, invoice_id)
        app = self._apps.installed(namespace, [invoice.app_id])[invoice.app_id]
        if app.type is not AppType.CUSTOM_INVOICING:
            message = f"the invoice is at an app of type {app.type.value}"
            raise InvalidInput(message, [Problem("path:invoiceId", "another_app", message)])
        return invoice
