"""Prepaid credit on invoices, on the real database: burnt when usage is rated, given back, earned."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from meterhouse.billing.invoice import Invoice, Line
from meterhouse.billing.line_keys import is_late
from meterhouse.catalog.price import PaymentTerm, UnitPrice
from meterhouse.ledger.account import Account
from meterhouse.payments.sandbox import TARGET_STATUS
from meterhouse.platform.postgres import Database, PostgresSettings
from meterhouse.platform.postgres_transaction import Transaction
from tests.integration.billing.conftest import AFTER_FEBRUARY, AFTER_JANUARY, Run
from tests.integration.billing.given import INVOICES, Api
from tests.integration.billing.late import JANUARY, known_late
from tests.integration.billing.purse import Purse
from tests.integration.billing.test_edits import lines_of, put
from tests.integration.billing.test_voids import PENDING
from tests.unit.billing.samples import FakeApp, metered
from tests.unit.subscriptions.samples import at, fee


def borne(invoice: Invoice) -> list[tuple[str, str, float, float]]:
    """Each line's month, what credit bears of it, and what is left."""
    return sorted((line.name, f"{line.service_period.start:%m}", *sums(invoice, line)) for line in invoice.lines)


def sums(invoice: Invoice, line: Line | None = None) -> tuple[float, float]:
    totals = invoice.totals if line is None else line.totals
    return float(totals.credits_total), float(totals.total)


def test_credit_bears_lines_before_they_are_invoiced_and_its_balance_falls(run: Run, purse: Purse) -> None:
    ann = run.customer("ann")
    run.subscribe(ann)
    run.used(ann, "2024-01-01", "7")
    purse.grant(ann, 22)
    run.all()

    [invoice] = run.invoices("paid")
    assert borne(invoice) == [("Fee", "01", 20, 0), ("Fee", "02", 0, 20), ("Usage", "01", 2, 1.5)]
    assert sums(invoice) == (22, 21.5)
    assert purse.settled(ann) == 0


def test_running_again_burns_nothing_again(run: Run, purse: Purse) -> None:
    ann = run.customer("ann")
    run.subscribe(ann)
    purse.grant(ann, 100)
    run.all()
    before = purse.everything()
    run.now = at("2024-07-01")
    run.all()
    assert purse.everything() == before
    assert purse.settled(ann) == 60


def test_customers_without_credit_are_charged_none(run: Run, purse: Purse) -> None:
    ann, bob = run.customer("ann"), run.customer("bob")
    for customer in (ann, bob):
        run.subscribe(customer)
    purse.grant(ann, 100)
    run.all()
    assert {invoice.customer_id: invoice.totals.total for invoice in run.invoices()} == {ann: 0, bob: 40}
    assert {row["customer_id"] for row in run.rows("SELECT customer_id FROM ledger_charges")} == {ann}


def test_credit_for_a_feature_bears_its_lines_alone_and_the_lower_priority_goes_first(run: Run, purse: Purse) -> None:
    ann = run.customer("ann")
    run.subscribe(ann)
    run.used(ann, "2024-01-01", "7")
    special = purse.grant(ann, 50, features=["usage"], priority=1)
    general = purse.grant(ann, 30)
    run.all()

    [invoice] = run.invoices()
    assert borne(invoice) == [("Fee", "01", 20, 0), ("Fee", "02", 10, 10), ("Usage", "01", 3.5, 0)]
    by_grant = {one.grant_id: line.name for line in invoice.lines for one in line.credits}
    assert by_grant == {special.id: "Usage", general.id: "Fee"}


def test_credit_bears_what_was_used_while_it_lasted(run: Run, purse: Purse) -> None:
    ann = run.customer("ann")
    run.subscribe(ann, metered())
    run.used(ann, "2024-01-01", "10")
    run.now = at("2024-01-01")
    purse.grant(ann, 3, expires_after="P1M")
    run.now = at("2024-06-01")
    purse.grant(ann, 9, effective_at=at("2024-02-01"))
    run.all()
    [invoice] = run.invoices()
    assert borne(invoice) == [("Usage", "01", 3, 2)]


@pytest.mark.parametrize("draft_credit", ["5", "100"])
def test_an_edit_gives_back_and_burns_anew(api: Api, run: Run, draft_credit: str) -> None:
    api.without_auto_advance()
    ann, purse = run.customer("ann"), Purse(run)
    run.subscribe(ann)
    run.used(ann, "2024-01-01", "12")
    purse.grant(ann, draft_credit)
    run.all()
    [draft] = api.ok("GET", INVOICES, query="statuses=draft&expand=lines")["items"]
    assert Decimal(draft["totals"]["creditsTotal"]) == min(Decimal(draft_credit), 46)

    [usage] = lines_of(draft, metered=True)
    kept = put(api, draft, usage)
    assert Decimal(kept["totals"]["creditsTotal"]) == min(Decimal(draft_credit), 6)
    assert purse.settled(ann) == max(Decimal(draft_credit) - 6, 0)
    stored = purse.everything()
    assert put(api, kept, usage)["totals"] == kept["totals"]
    assert purse.everything() == stored

    api.ok("DELETE", f"{INVOICES}/{draft['id']}")
    assert purse.settled(ann) == Decimal(draft_credit)


def test_an_edited_draft_that_waits_for_usage_again_burns_nothing_until_it_is_rated(
    api: Api, run: Run, purse: Purse
) -> None:
    api.without_auto_advance()
    ann = run.customer("ann")
    run.subscribe(ann)
    run.used(ann, "2024-01-01", "12")
    purse.grant(ann, 100)
    run.now = at("2024-02-01T02:00:00Z")
    run.all()
    [draft] = api.ok("GET", INVOICES, query="statuses=draft&expand=lines")["items"]
    assert purse.standing(ann) == (54, 54)

    fees, [usage] = lines_of(draft, metered=False), lines_of(draft, metered=True)
    waiting = put(api, draft, *fees, usage | {"invoiceAt": "2024-02-03T00:00:00Z"})
    assert waiting["statusDetails"]["extendedStatus"] == "draft.waiting_for_collection"
    assert Decimal(waiting["totals"]["creditsTotal"]) == 0
    assert Decimal(waiting["totals"]["total"]) == 40
    assert purse.standing(ann) == (100, 54)

    api.ok("POST", f"{INVOICES}/{draft['id']}/snapshot-quantities")
    assert purse.standing(ann) == (54, 54)


def test_what_credit_bears_of_lines_stays_as_it_is_however_often_they_are_rated(
    api: Api, run: Run, purse: Purse
) -> None:
    """Of two lines the first takes what any may have; credit for the first alone is of no use to the second."""
    api.without_auto_advance()
    for one in ("a", "b"):
        run.feature(one)
    # their ids are hashes: of so many lines some would stand the other way round
    for number in range(8):
        owner = run.customer(f"c{number}")
        run.subscribe(owner, *(metered(one, UnitPrice(Decimal(1))) for one in ("a", "b")))
        for one in ("a", "b"):
            run.used(owner, "2024-01-01", "10", one)
        purse.grant(owner, 10, priority=1)
        purse.grant(owner, 10, priority=2, features=("a",))
    run.all()
    drafts = api.ok("GET", INVOICES, query="statuses=draft&expand=lines")["items"]
    assert [draft["totals"]["total"] for draft in drafts] == ["10.00"] * 8
    for draft in drafts:
        assert put(api, draft, description="Thank you")["totals"]["total"] == "10.00"


@pytest.mark.parametrize("runs", [[AFTER_JANUARY], [at("2024-02-01T00:30:00Z"), AFTER_JANUARY]])
def test_over_the_drafts_of_a_customer_credit_bears_lines_as_it_would_on_one(
    api: Api, run: Run, purse: Purse, runs: list[datetime]
) -> None:
    """Neither their ids, which cut lines into drafts, nor those of drafts, which a later run reads by them, decide."""
    api.without_auto_advance()
    run.most_lines = 2
    for one in ("a", "b", "c"):
        run.feature(one)
    owners = [run.customer(f"c{number}") for number in range(8)]
    for owner in owners:
        run.subscribe(owner, *(metered(one, UnitPrice(Decimal(1))) for one in ("a", "b", "c")))
        for one in ("a", "b", "c"):
            run.used(owner, "2024-01-01", "10", one)
        purse.grant(owner, 20, priority=1)
        purse.grant(owner, 10, priority=2, features=("b",))
    for run.now in runs:
        run.all(run.now)
    drafts = api.ok("GET", INVOICES, query="statuses=draft&expand=lines&pageSize=100")["items"]
    due = {owner: Decimal(0) for owner in owners}
    for draft in drafts:
        due[draft["customer"]["id"]] += Decimal(draft["totals"]["total"])
    assert len(drafts) == 16
    assert list(due.values()) == [10] * 8


def test_a_void_gives_back_and_the_line_that_is_billed_again_is_charged_anew(api: Api, run: Run, purse: Purse) -> None:
    bob = run.customer("bob", metadata={TARGET_STATUS: "action_required"})
    run.subscribe(bob, metered())
    run.used(bob, "2024-01-01", "10")
    purse.grant(bob, 2)
    run.all()
    [first] = run.invoices()
    assert purse.sum_of(Account.ACCRUED) == 0
    assert purse.settled(bob) == 0

    api.ok("POST", f"{INVOICES}/{first.id}/void", PENDING)
    assert purse.settled(bob) == 2
    assert purse.sum_of(Account.ACCRUED) == 0

    run.all()
    again = next(invoice for invoice in run.invoices() if invoice.id != first.id)
    assert sums(again) == (2, 3)
    assert purse.settled(bob) == 0


def test_the_wire_tells_what_credit_bears(api: Api, run: Run, purse: Purse) -> None:
    ann = run.customer("ann")
    run.subscribe(ann, metered())
    run.used(ann, "2024-01-01", "10")
    grants = [purse.grant(ann, 2, priority=1), purse.grant(ann, 1)]
    run.all()
    [invoice] = api.ok("GET", INVOICES, query="statuses=paid&expand=lines")["items"]
    [line] = invoice["lines"]
    assert line["creditAllocations"] == [
        {"amount": "2", "description": f"credit grant {grants[0].id}"},
        {"amount": "1", "description": f"credit grant {grants[1].id}"},
    ]
    [child] = line["children"]
    assert child["creditAllocations"] == [{"amount": "3"}]
    assert (child["totals"]["creditsTotal"], child["totals"]["total"]) == ("3", "2.00")


def test_runs_at_the_same_time_burn_once(run: Run, database_settings: PostgresSettings) -> None:
    purse, customers = Purse(run), [run.customer(f"customer-{number}") for number in range(4)]
    for customer in customers:
        run.subscribe(customer)
        purse.grant(customer, 70)

    def whole_run(_number: int) -> dict[str, str]:
        database = Database(lambda: database_settings)
        try:
            return replace(run, database=database).all(AFTER_FEBRUARY).failed
        finally:
            database.close()

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(whole_run, range(3))) == [{}] * 3
    assert [purse.settled(customer) for customer in customers] == [10] * 4
    assert {invoice.totals.total for invoice in run.invoices()} == {0}


def test_each_invoice_is_to_be_paid_what_its_books_say_and_all_books_sum_to_nothing(
    api: Api, run: Run, purse: Purse
) -> None:
    for name, status in (("ann", "paid"), ("bob", "uncollectible"), ("carl", "failed"), ("dora", "failed")):
        customer = run.customer(name, metadata={TARGET_STATUS: status})
        run.subscribe(customer)
        purse.grant(customer, 7)
    run.all()
    invoices = {invoice.id: invoice for invoice in run.invoices()}
    assert len(invoices) == 4
    with purse.begin(run.namespace) as work:
        receivables = work.store.ledger.receivables(invoices)
    assert receivables == {invoice.id: invoice.totals.total for invoice in invoices.values()}
    assert {float(amount) for amount in receivables.values()} == {33}

    voided = next(one for one in invoices.values() if one.customer.name == "Dora")
    api.ok("POST", f"{INVOICES}/{voided.id}/void", PENDING)
    sums = {account: float(purse.sum_of(account)) for account in Account if purse.sum_of(account)}
    # of four times 40 one was taken back: with its credit 7, which is there again
    assert sums == {"customer_fbo": 7, "customer_receivable": -33, "losses": -33, "wash": -33 - 28, "earnings": 120}


def test_credit_takes_as_many_statements_for_many_customers_as_for_one(
    run: Run, purse: Purse, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[str] = []
    really = Transaction._run

    def counting(self: Transaction, query: str, parameters: Mapping[str, Any] | None) -> Any:
        counted.append(query)
        return really(self, query, parameters)

    monkeypatch.setattr(Transaction, "_run", counting)
    counts: dict[str, list[int]] = {"collect": [], "advance": []}
    for size in (1, 6):
        for number in range(size):
            customer = run.customer(f"customer-{size}-{number}")
            run.subscribe(customer)
            run.used(customer, "2024-01-01", "3")
            purse.grant(customer, 30)
        run.sync()
        for step, told in counts.items():
            counted.clear()
            getattr(run, step)()
            told.append(len(counted))
    assert [len(set(told)) for told in counts.values()] == [1, 1]
    assert sum(invoice.totals.credits_total for invoice in run.invoices()) == 7 * 30


def test_a_fee_by_hand_that_is_due_before_it_is_served_burns_no_credit_of_the_future(
    api: Api, run: Run, purse: Purse
) -> None:
    ann = run.customer("ann")
    run.now = at("2024-01-20")
    purse.grant(ann, 100)
    later = purse.grant(ann, 50, priority=1, effective_at=at("2024-03-01"))
    line = {
        "name": "Setup",
        "period": {"from": "2024-01-15T00:00:00Z", "to": "2024-03-15T00:00:00Z"},
        "invoiceAt": "2024-01-25T00:00:00Z",
        "price": {"type": "flat", "amount": "30", "paymentTerm": "in_arrears"},
    }
    api.ok("POST", f"/api/v1/billing/customers/{ann}/invoices/pending-lines", {"currency": "USD", "lines": [line]})
    run.now = at("2024-02-01T03:00:00Z")
    run.all()

    [invoice] = run.invoices("paid")
    assert sums(invoice) == (30, 0)
    assert purse.standing(ann) == (70, 70)
    assert purse.balance(ann).pending == later.amount
    booked = run.rows("SELECT booked_at FROM ledger_transactions WHERE kind = 'consumed' AND namespace = %(namespace)s")
    assert [row["booked_at"] for row in booked] == [at("2024-01-25")]


def test_late_usage_burns_the_credit_of_its_time_beside_a_line_that_is_due_before_it(
    api: Api, run: Run, purse: Purse
) -> None:
    ann = run.customer("ann")
    run.now = at("2024-01-01")
    run.subscribe(ann, metered())
    run.used(ann, JANUARY, "8")
    run.all(AFTER_JANUARY)
    purse.grant(ann, 100, effective_at=at("2024-01-15"))
    known_late(run, ann, "12")
    line = {
        "name": "Setup",
        "period": {"from": "2024-01-02T00:00:00Z", "to": "2024-01-03T00:00:00Z"},
        "invoiceAt": "2024-01-03T00:00:00Z",
        "price": {"type": "flat", "amount": "30", "paymentTerm": "in_advance"},
    }
    api.ok("POST", f"/api/v1/billing/customers/{ann}/invoices/pending-lines", {"currency": "USD", "lines": [line]})
    run.all()

    [late] = [line for invoice in run.invoices() for line in invoice.lines if is_late(line.key)]
    assert late.invoice_at == at("2024-01-03")
    assert (late.totals.credits_total, late.totals.total) == (Decimal(2), Decimal(0))


@pytest.mark.parametrize("again", [{}, {"nextInvoiceAt": "2024-01-10T00:00:00Z"}])
def test_usage_that_is_voided_and_billed_again_burns_what_it_burnt_whenever_it_is_due(
    api: Api, run: Run, purse: Purse, again: dict[str, str]
) -> None:
    run.app = FakeApp()
    ann = run.customer("ann")
    run.subscribe(ann, metered())
    run.used(ann, JANUARY, "208")
    purse.grant(ann, 100, effective_at=at("2024-01-15"))
    run.all()
    [first] = run.invoices()
    action = {"percentage": 100, "action": {"type": "pending"} | again}
    api.ok("POST", f"{INVOICES}/{first.id}/void", {"action": action, "reason": "mistake"})
    run.all()

    assert purse.settled(ann) == 0


def test_a_fee_in_arrears_that_was_moved_ahead_on_its_draft_burns_the_credit_of_when_it_is_due(
    api: Api, run: Run, purse: Purse
) -> None:
    api.without_auto_advance()
    ann = run.customer("ann")
    run.subscribe(ann, fee(amount="30", term=PaymentTerm.IN_ARREARS), start="2024-01-01")
    purse.grant(ann, 100)
    purse.grant(ann, 50, priority=1, effective_at=at("2024-02-20"))
    run.now = at("2024-02-01T03:00:00Z")
    run.all(run.now)
    [draft] = api.ok("GET", INVOICES, query="statuses=draft&expand=lines")["items"]
    february = {"period": {"from": "2024-02-01T00:00:00Z", "to": "2024-03-01T00:00:00Z"}}
    put(api, draft, *(line | february for line in lines_of(draft, metered=False)))
    api.ok("POST", f"{INVOICES}/{draft['id']}/approve")

    # the next month's fee is open
    assert purse.standing(ann) == (70, 40)
