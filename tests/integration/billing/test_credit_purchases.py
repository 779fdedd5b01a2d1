"""Credit that invoices pay for, on the real database."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from meterhouse.billing.state import Trigger
from meterhouse.ledger.account import Account
from meterhouse.ledger.credit_grant import CreditGrant, Taxation
from meterhouse.payments.sandbox import TARGET_STATUS
from tests.integration.billing.conftest import AFTER_JANUARY, Run
from tests.integration.billing.given import DISCARD, INVOICES, Api, problem_fields
from tests.integration.billing.purse import Purse
from tests.integration.billing.test_edits import edit_of, lines_of
from tests.integration.billing.test_payment_reports import record, said
from tests.integration.billing.test_voids import PENDING
from tests.unit.billing.samples import FakeApp, metered
from tests.unit.subscriptions.samples import at

BOUGHT_AT, NEXT_DAY = at("2024-02-10T12:00:00Z"), at("2024-02-11")


def bought(run: Run, purse: Purse, *, status: str = "paid", **fields: Any) -> CreditGrant:
    """A customer buys 40 for 20, and is invoiced."""
    customer = run.customer("ann", metadata={TARGET_STATUS: status})
    run.now = BOUGHT_AT
    grant = purse.buy(customer, 40, "0.5", **fields)
    run.now = NEXT_DAY + timedelta(hours=2)
    return grant


def test_credit_is_there_once_its_invoice_is_paid(run: Run, purse: Purse) -> None:
    grant = bought(run, purse)
    shown = purse.shown(grant)
    assert (shown["status"], shown["purchase"]["settlement_status"]) == ("pending", "pending")
    [waiting] = run.pending()
    assert shown["invoice"] == {"id": waiting.invoice_id, "line": {"id": waiting.id}}
    # what is bought is no usage: credit that is there never pays for it
    purse.grant(grant.customer_id, 100)

    run.all(NEXT_DAY)
    [invoice] = run.invoices()
    assert (invoice.state.value, float(invoice.totals.total), float(invoice.totals.credits_total)) == ("paid", 20, 0)
    shown = purse.shown(grant)
    assert (shown["status"], shown["purchase"]["settlement_status"]) == ("active", "settled")
    assert shown["invoice"]["id"] == invoice.id
    assert purse.settled(grant.customer_id) == 140

    before = purse.everything()
    run.all(NEXT_DAY)
    assert purse.everything() == before


def test_purchases_of_several_customers_and_several_of_one_are_paid_at_once(run: Run, purse: Purse) -> None:
    ann, bob = run.customer("ann"), run.customer("bob")
    run.now = BOUGHT_AT
    for customer, units in ((ann, 40), (ann, 7), (bob, 5)):
        purse.buy(customer, units, "0.5")
    run.now = NEXT_DAY + timedelta(hours=2)
    run.all(NEXT_DAY)
    assert [purse.settled(one) for one in (ann, bob)] == [47, 5]
    assert purse.sum_of(Account.WASH) == -26
    assert purse.sum_of(Account.RECEIVABLE) == 0


def test_money_for_credit_is_earned_as_it_is_burnt_at_what_it_cost(run: Run, purse: Purse) -> None:
    grant = bought(run, purse)
    run.all(NEXT_DAY)
    assert purse.sum_of(Account.EARNINGS) == 0
    assert purse.sum_of(Account.RECEIVABLE) == 0
    # 20 of money came in for 40 of credit
    assert purse.sum_of(Account.WASH) == -20
    run.subscribe(grant.customer_id, metered(), start="2024-02-12")
    run.used(grant.customer_id, "2024-02-12", "10")
    run.all(at("2024-03-12T02:00:00Z"))
    [row] = run.rows(
        "SELECT sum(amount * cost_rate) AS money FROM ledger_entries"
        " WHERE namespace = %(namespace)s AND account = 'earnings'"
    )
    assert row["money"] == Decimal("2.5")


def test_a_grant_says_how_far_the_payment_of_its_invoice_is(run: Run, purse: Purse) -> None:
    run.app = FakeApp()
    grant = bought(run, purse)
    run.all(NEXT_DAY)
    [invoice] = run.invoices()
    told = []
    for minute, outcome in enumerate((Trigger.AUTHORIZED, Trigger.FAILED, Trigger.AUTHORIZED, Trigger.PAID)):
        run.now += timedelta(minutes=1)
        record(run, invoice, said(outcome, minute))
        shown = purse.shown(grant)
        told.append((shown["purchase"]["settlement_status"], shown["status"]))
        moved = run.rows("SELECT 1 FROM ledger_entries WHERE namespace = %(namespace)s AND grant_id IS NOT NULL")
        assert bool(moved) is (outcome is Trigger.PAID)

    promised = ("authorized", "pending")
    assert told == [promised, ("pending", "pending"), promised, ("settled", "active")]
    events = run.rows(
        "SELECT data->>'settlement' AS settlement FROM outbox"
        " WHERE namespace = %(namespace)s AND type = 'credit_grant.paid' ORDER BY occurred_at"
    )
    assert [row["settlement"] for row in events] == ["settled"]


def test_a_promised_purchase_that_is_voided_and_billed_again_is_promised_no_more(
    api: Api, run: Run, purse: Purse
) -> None:
    run.app = FakeApp()
    grant = bought(run, purse)
    run.all(NEXT_DAY)
    [invoice] = run.invoices()
    record(run, invoice, said(Trigger.AUTHORIZED))
    api.ok("POST", f"{INVOICES}/{invoice.id}/void", PENDING)

    assert purse.shown(grant)["purchase"]["settlement_status"] == "pending"


@pytest.mark.parametrize("status", ["failed", "action_required", "uncollectible"])
def test_credit_that_is_not_paid_is_not_there(run: Run, purse: Purse, status: str) -> None:
    grant = bought(run, purse, status=status)
    run.all(NEXT_DAY)
    assert purse.shown(grant)["status"] == "pending"
    assert purse.balance(grant.customer_id).settled == 0


def test_a_purchase_that_is_voided_for_good_is_never_there_and_one_billed_again_is_paid_then(
    api: Api, run: Run, purse: Purse
) -> None:
    grant = bought(run, purse, status="failed")
    run.all(NEXT_DAY)
    [first] = run.invoices()
    api.ok("POST", f"{INVOICES}/{first.id}/void", PENDING)
    assert purse.shown(grant)["status"] == "pending"
    run.all(NEXT_DAY)
    second = next(one for one in run.invoices() if one.id != first.id)
    assert purse.shown(grant)["invoice"]["id"] == second.id
    api.ok("POST", f"{INVOICES}/{second.id}/void", DISCARD)
    assert purse.shown(grant)["status"] == "voided"
    run.all(NEXT_DAY)
    assert purse.balance(grant.customer_id).settled == 0


def test_a_purchase_on_a_draft_stays_as_it_is_or_is_taken_off(api: Api, run: Run, purse: Purse) -> None:
    api.without_auto_advance()
    grant = bought(run, purse, taxation=Taxation("exclusive"))
    run.subscribe(grant.customer_id, start="2024-01-01")
    run.all(NEXT_DAY)
    [draft] = api.ok("GET", INVOICES, query="statuses=draft&expand=lines")["items"]
    [purchase] = [line for line in draft["lines"] if line["managedBy"] == "system"]
    lines = [line for metered_ in (False, True) for line in lines_of(draft, metered=metered_)]
    lines.sort(key=lambda line: line["id"] != purchase["id"])
    cheaper = {key: value for key, value in lines[0].items() if key != "rateCard"}
    cheaper["price"] = cheaper["price"] | {"amount": "1"}
    status, answer = api("PUT", f"{INVOICES}/{draft['id']}", edit_of(draft, cheaper, *lines[1:]))
    assert (status, problem_fields(answer)) == (400, {"/lines/0": "credit_purchase"})

    assert api.ok("PUT", f"{INVOICES}/{draft['id']}", edit_of(draft, *lines)) == draft
    api.ok("PUT", f"{INVOICES}/{draft['id']}", edit_of(draft, *lines[1:]))
    assert purse.shown(grant)["status"] == "voided"


def test_a_run_of_before_the_purchase_does_not_invoice_it(run: Run, purse: Purse) -> None:
    bought(run, purse)
    run.all(AFTER_JANUARY)
    assert run.invoices() == []
