"""What the margin report takes for revenue, on the real database."""

from decimal import Decimal

from meterhouse.billing.app import LineTax
from meterhouse.billing.for_llmcost import InvoicedRevenues
from meterhouse.llmcost.margin import Of, Revenue
from meterhouse.payments.sandbox import TARGET_STATUS
from tests.integration.billing.conftest import Run
from tests.integration.billing.given import DISCARD, INVOICES, Api
from tests.integration.billing.purse import Purse
from tests.integration.billing.test_taxes import confirm
from tests.unit.billing.samples import FakeApp
from tests.unit.subscriptions.samples import at, fee


def revenues(run: Run, start: str = "2024-01-01", end: str = "2024-03-01") -> list[Revenue]:
    found = InvoicedRevenues(run.database)(run.namespace, at(start), at(end))
    return sorted(found, key=lambda one: one.of.feature_key or "")


def test_issued_invoices_bring_in_what_they_charge_whether_credit_bears_it_or_not(run: Run) -> None:
    ann = run.customer("ann")
    run.subscribe(ann)
    run.used(ann, "2024-01-01", "7")
    Purse(run).grant(ann, 22)
    run.all()
    usage = Revenue(Of(ann, "usage"), "USD", Decimal("3.5"))

    assert revenues(run) == [Revenue(Of(ann), "USD", Decimal(40)), usage]
    assert revenues(run, end="2024-02-01") == [Revenue(Of(ann), "USD", Decimal(20)), usage]
    assert revenues(run, "2024-02-01", "2024-02-02") == [Revenue(Of(ann), "USD", Decimal(20))]


def test_neither_what_is_pending_nor_what_was_voided_brings_anything_in(run: Run, api: Api) -> None:
    run.subscribe(run.customer("bob", metadata={TARGET_STATUS: "failed"}))
    run.sync()
    pending = revenues(run)
    run.all()
    [invoice] = run.invoices()
    before = [one.amount for one in revenues(run)]
    api.ok("POST", f"{INVOICES}/{invoice.id}/void", DISCARD)

    assert before == [40, 0]
    assert pending == revenues(run) == []


def test_what_a_credit_note_took_back_is_no_revenue_and_its_taxes_never_were(run: Run, api: Api) -> None:
    run.app = FakeApp(waits={"sync"})
    ann = run.customer("ann")
    run.subscribe(ann, fee())
    Purse(run).grant(ann, 5)
    run.all()
    [invoice] = [one for one in run.invoices() if one.period and one.period.start.month == 1]
    confirm(run, invoice.id, {line.id: LineTax(exclusive=Decimal("1.50")) for line in invoice.lines})
    charged = revenues(run)
    api.ok("POST", f"{INVOICES}/{invoice.id}/credit-notes", {"reason": "outage"})

    assert charged == [Revenue(Of(ann), "USD", Decimal(40))]
    # what credit bore stays used
    assert revenues(run) == [Revenue(Of(ann), "USD", Decimal(5))]
