"""What apps report of the invoice itself: it was sent to the customer."""

from dataclasses import replace
from datetime import datetime

from meterhouse.billing.drive import Driven
from meterhouse.billing.ports import BillingStore
from meterhouse.billing.saving import save
from meterhouse.billing.service import found_invoice
from meterhouse.platform.work import Begin


def record_sent(begin: Begin[BillingStore], namespace: str, invoice_id: str, sent_at: datetime, now: datetime) -> None:
    """Note when the customer was sent the invoice first; reports may come late, again and in any order.

    Raises:
        NotFound: there is no such invoice.
    """
    with begin(namespace) as work:
        work.store.invoices.lock_customers([found_invoice(work, invoice_id).customer_id])
        invoice = found_invoice(work, invoice_id)
        if invoice.sent_to_customer_at is None or sent_at < invoice.sent_to_customer_at:
            save(work, [Driven(replace(invoice, sent_to_customer_at=sent_at))], now)
            work.commit()
