"""Credit notes on invoices with taxes: what goes back of these, what stays, and what the books say."""

from dataclasses import dataclass, field
from decimal import Decimal

import pytest

from meterhouse.billing.app import Accepted, LineTax, Payment
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.state import Trigger
from meterhouse.billing.taxes import taxable
from meterhouse.ledger.account import Account
from tests.integration.billing.audited import audited
from tests.integration.billing.conftest import AFTER_JANUARY, Run
from tests.integration.billing.given import Api
from tests.integration.billing.purse import Purse
from tests.integration.billing.test_credit_notes import NOTES, balances, credit
from tests.unit.billing.samples import FakeApp
from tests.unit.subscriptions.samples import at, fee


@dataclass
class Taxing(FakeApp):
    """Pays at once, and tells taxes of 19 % of what is left after credit, on top or within."""

    is_on_top: bool = True
    payment: Payment | None = field(default_factory=lambda: Payment(Trigger.PAID))

    def sync(self, invoice: Invoice) -> Accepted:
        return Accepted(taxes={line.id: self._tax(taxable(line)) for line in invoice.lines})

    def _tax(self, base: Decimal) -> LineTax:
        rate, cent = Decimal("0.19"), Decimal("0.01")
        if self.is_on_top:
            return LineTax(exclusive=(base * rate).quantize(cent))
        return LineTax(inclusive=(base - base / (1 + rate)).quantize(cent))


def paid(run: Run, *, is_on_top: bool) -> Invoice:
    """Ann's, of a fee of 100 and its taxes."""
    run.app = Taxing(is_on_top=is_on_top)
    run.subscribe(run.customer("ann"), fee(amount="100"))
    run.now = at("2024-01-01T02:00:00Z")
    run.all(run.now)
    [made] = run.invoices()
    return made


@pytest.mark.parametrize("is_on_top", [True, False])
def test_credit_in_place_of_taxed_money_buys_what_that_bought_and_no_more(
    run: Run, api: Api, purse: Purse, is_on_top: bool
) -> None:
    first = paid(run, is_on_top=is_on_top)
    assert first.totals.total == (Decimal(119) if is_on_top else Decimal(100))
    note = credit(api, first.id, refund="credit")
    assert Decimal(note["total"]) == first.totals.total
    assert purse.settled(first.customer_id) == Decimal(100)
    run.now = AFTER_JANUARY
    run.all()
    second = run.invoices()[-1]
    assert (second.totals.credits_total, second.totals.total, purse.settled(first.customer_id)) == (
        Decimal(100),
        Decimal(0),
        Decimal(0),
    )
    # two months' fees were agreed on, one was paid and forgiven: the state has what it gets of the one that was paid
    tax = first.totals.taxes_total
    assert (purse.sum_of(Account.TAXES), purse.sum_of(Account.EARNINGS)) == (tax, first.totals.total - tax)
    assert audited(run).open == 0


@pytest.mark.parametrize("is_on_top", [True, False])
@pytest.mark.parametrize("refund", ["none", "credit"])
def test_notes_of_a_taxed_invoice_and_their_voids_leave_books_that_the_audit_knows(
    run: Run, api: Api, refund: str, is_on_top: bool
) -> None:
    invoice = paid(run, is_on_top=is_on_top)
    before = balances(run, invoice.id)
    # a cent, of which no tax is left, and all that is left
    notes = [
        credit(api, invoice.id, refund=refund, **wanted) for wanted in ({"amount": "0.01"}, {"amount": "33.33"}, {})
    ]
    assert sum(Decimal(note["total"]) for note in notes) == invoice.totals.total
    granted = run.rows("SELECT amount FROM credit_grants WHERE namespace = %(namespace)s")
    assert sum(row["amount"] for row in granted) == (100 if refund == "credit" else 0)
    assert audited(run).open == 0
    for note in (notes[1], notes[2], notes[0]):
        status, _ = api("POST", f"{NOTES}/{note['id']}/void")
        # what became credit may have been burnt
        assert status == (200 if refund == "none" else 409)
        assert audited(run).open == 0
    assert (balances(run, invoice.id) == before) is (refund == "none")
