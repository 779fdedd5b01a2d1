"""Usage that becomes known after its period was billed: how it becomes known, and what comes of it."""

from decimal import Decimal
from typing import Any

from meterhouse.billing.invoice import Invoice
from meterhouse.billing.verify_invoice import VerifyInvoice
from tests.integration.billing.conftest import AFTER_FEBRUARY, Run
from tests.integration.billing.purse import Purse
from tests.unit.billing.samples import metered, tiers
from tests.unit.subscriptions.samples import at

JANUARY = "2024-01-01"
AFTER_MARCH = at("2024-04-01T02:00:00Z")


def mark(run: Run, subject: str = "ann", meter_id: str | None = None) -> None:
    """As the sink does once usage was stored well after it occurred, or was taken back."""
    with run.database.transaction(run.namespace) as transaction:
        transaction.execute(
            "INSERT INTO late_usage (namespace, meter_id, subject, earliest)"
            " VALUES (%(namespace)s, %(meter)s, %(subject)s, '2024-01-20')",
            {"meter": meter_id or run.meter_id, "subject": subject},
        )
        transaction.commit()


def known_late(run: Run, customer: str, quantity: str) -> None:
    run.used(customer, JANUARY, quantity)
    mark(run)


def billed_january(run: Run) -> str:
    """A customer whose eight units of January, in two tiers, were billed; its id."""
    found = run.customer("ann")
    run.subscribe(found, metered(price=tiers()))
    run.used(found, JANUARY, "8")
    run.all()
    return found


def late_total(invoice: Invoice) -> Decimal:
    return sum((line.totals.total for line in invoice.lines if "/late" in line.key), Decimal(0))


def verified(run: Run) -> bool:
    verify = VerifyInvoice(run.begin, run.usage)
    found = [verify(run.namespace, invoice.id) for invoice in run.invoices()]
    return all(one.is_verified and all(not line.late for line in one.lines) for one in found)


def idle(run: Run, purse: Purse, when: Any = AFTER_FEBRUARY) -> bool:
    """Whether a further run changes nothing, but when it looked."""
    before = purse.everything()
    run.all(when)
    after = purse.everything()
    for stored in (before, after):
        for row in stored["invoice_lines"]:
            row.pop("compared_at")
    return bool(before == after)
