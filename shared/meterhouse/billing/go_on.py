"""Invoices that are saved go on by their apps, in a transaction of their own."""

from collections.abc import Sequence
from datetime import datetime

from meterhouse.billing.app import Apps
from meterhouse.billing.drive import Driven
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.ports import BillingStore
from meterhouse.billing.saving import gone_on, save
from meterhouse.billing.service import found_invoice
from meterhouse.kernel.errors import Unavailable
from meterhouse.platform.work import Begin


def go_on(
    begin: Begin[BillingStore], apps: Apps, namespace: str, ids: Sequence[str], now: datetime
) -> dict[str, Invoice]:
    """The invoices of one customer as far as they go now: where an app is not there, the next run goes on.

    No app hears of an invoice, or of amounts, that are not saved: were they lost, the customer would have paid
    something else than what is billed, or would be asked again under another id.
    """
    try:
        with begin(namespace) as work:
            work.store.invoices.lock_customers({found_invoice(work, one).customer_id for one in ids})
            found = [Driven(found_invoice(work, one)) for one in ids]
            driven = gone_on(work, namespace, found, apps, now)
            save(work, driven, now)
            work.commit()
    except Unavailable:
        return {}
    return {one.invoice.id: one.invoice for one in driven}
