"""Credit notes over HTTP on the real database: numbers, states, books, and two at once."""

from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from meterhouse.billing.app import Accepted, Payment, Refused, Waiting
from meterhouse.billing.batch import Outcome
from meterhouse.billing.credit_note import CreditNote, Refund
from meterhouse.billing.credit_notes import CreditNoteService
from meterhouse.billing.crediting import NoteWanted
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.list_customer_batches import ListCustomerBatches
from meterhouse.billing.ports import BillingStore
from meterhouse.billing.postgres import PostgresBillingGuard
from meterhouse.billing.postgres_billed_apart import PostgresBilledApart
from meterhouse.billing.state import Trigger
from meterhouse.billing.tell_note import TellNote
from meterhouse.customers.postgres import PostgresCustomers
from meterhouse.payments.sandbox import TARGET_STATUS
from meterhouse.platform.ids import new_id
from meterhouse.platform.postgres import Database, PostgresSettings
from meterhouse.platform.work import Begin, Work
from tests.integration.billing.conftest import Run
from tests.integration.billing.given import DISCARD, INVOICES, UNKNOWN, Api, problem_fields
from tests.integration.billing.test_concurrent_callers import succeeds
from tests.unit.billing.samples import FakeApp
from tests.unit.subscriptions.samples import at, fee

NOTES = "/api/v1/billing/credit-notes"
WHY = {"reason": "outage"}


def invoiced(run: Run, status: str = "paid") -> str:
    """The id of an invoice over 20 and 30."""
    customer = run.customer(status, metadata={TARGET_STATUS: status})
    run.subscribe(customer, fee(), fee("other", "30"))
    run.all()
    [invoice] = [
        one for one in run.invoices() if one.customer_id == customer and one.period and one.period.start.month == 1
    ]
    return invoice.id


def credit(api: Api, invoice_id: str, **wanted: object) -> dict[str, Any]:
    made: dict[str, Any] = api.ok("POST", f"{INVOICES}/{invoice_id}/credit-notes", WHY | wanted)
    return made


def balances(run: Run, invoice_id: str) -> dict[str, Decimal]:
    """What the books hold of an invoice and its notes, by account."""
    rows = run.rows(
        "SELECT e.account, e.amount FROM ledger_entries e JOIN ledger_transactions t"
        " ON t.namespace = e.namespace AND t.id = e.transaction_id"
        f" WHERE t.namespace = %(namespace)s AND t.invoice = '{invoice_id}'"
    )
    found: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        found[row["account"]] += row["amount"]
    return {account: amount for account, amount in found.items() if amount}


def test_less_is_due_of_an_invoice_that_is_not_paid(api: Api, run: Run) -> None:
    invoice_id = invoiced(run, "failed")
    total = Decimal(api.ok("GET", f"{INVOICES}/{invoice_id}")["totals"]["total"])
    note = credit(api, invoice_id, amount="7.01")
    shown = api.ok("GET", f"{INVOICES}/{invoice_id}")
    assert (note["number"], note["total"], note["status"], note["type"]) == (
        "CN-000001",
        "7.01",
        "issued",
        "credit_note",
    )
    assert Decimal(shown["payment"]["terms"]["dueAt"][0]["amount"]) == total - Decimal("7.01")
    assert Decimal(shown["totals"]["total"]) == total
    owed = balances(run, invoice_id)
    assert owed == {"customer_receivable": Decimal("7.01") - total, "earnings": total - Decimal("7.01")}
    rest = credit(api, invoice_id)
    assert (rest["number"], Decimal(rest["total"])) == ("CN-000002", total - Decimal("7.01"))
    assert api.ok("GET", f"{INVOICES}/{invoice_id}")["status"] == "paid"
    assert balances(run, invoice_id) == {}
    status, answer = api("POST", f"{INVOICES}/{invoice_id}/credit-notes", WHY)
    assert (status, answer["code"]) == (409, "nothing_left")


def test_paid_money_becomes_credit_that_the_next_invoice_burns(api: Api, run: Run) -> None:
    invoice_id = invoiced(run)
    note = credit(api, invoice_id, refund="credit", amount="12")
    [grant] = run.rows("SELECT id, amount FROM credit_grants WHERE namespace = %(namespace)s")
    assert (grant["id"], grant["amount"]) == (note["creditGrantId"], Decimal(12))
    assert (
        balances(run, invoice_id)["earnings"]
        == Decimal(api.ok("GET", f"{INVOICES}/{invoice_id}")["totals"]["total"]) - 12
    )
    sums = run.rows("SELECT sum(amount) AS total FROM ledger_entries WHERE namespace = %(namespace)s")
    assert sums[0]["total"] == 0
    status, answer = api("POST", f"{NOTES}/{note['id']}/void")
    assert (status, answer["code"]) == (409, "credit_note_used")


def test_a_note_by_lines_is_voided_as_if_it_had_not_been(api: Api, run: Run) -> None:
    invoice_id = invoiced(run, "failed")
    before = balances(run, invoice_id)
    line = api.ok("GET", f"{INVOICES}/{invoice_id}")["lines"][0]
    note = credit(api, invoice_id, lines=[{"lineId": line["id"]}])
    assert (note["lines"][0]["lineId"], note["total"]) == (line["id"], line["totals"]["total"])
    assert note["lines"][0]["parts"] == [{"key": "flat-price", "amount": line["totals"]["total"]}]
    voided = api.ok("POST", f"{NOTES}/{note['id']}/void")
    assert voided["status"] == "voided"
    assert api.ok("POST", f"{NOTES}/{note['id']}/void") == voided
    assert balances(run, invoice_id) == before
    assert credit(api, invoice_id)["number"] == "CN-000002"


def test_an_invoice_that_was_credited_is_not_voided(api: Api, run: Run) -> None:
    invoice_id = invoiced(run, "failed")
    note = credit(api, invoice_id, amount="1")
    status, answer = api("POST", f"{INVOICES}/{invoice_id}/void", DISCARD)
    assert (status, answer["code"]) == (409, "credit_notes_exist")
    api.ok("POST", f"{NOTES}/{note['id']}/void")
    api.ok("POST", f"{INVOICES}/{invoice_id}/void", DISCARD)
    status, answer = api("POST", f"{INVOICES}/{invoice_id}/credit-notes", WHY)
    assert (status, answer["code"]) == (409, "invoice_state")


def test_notes_are_listed_and_found(api: Api, run: Run) -> None:
    invoice_id = invoiced(run)
    first = credit(api, invoice_id, amount="1")
    run.now += timedelta(seconds=1)
    second = credit(api, invoice_id, amount="2")
    assert api.ok("GET", f"{INVOICES}/{invoice_id}/credit-notes") == [first, second]
    page = api.ok("GET", NOTES, query=f"invoices={invoice_id}&pageSize=1&order=DESC")
    assert (page["totalCount"], len(page["items"])) == (2, 1)
    assert api.ok("GET", f"{NOTES}/{first['id']}") == first
    assert api.ok("GET", NOTES, query=f"customers={UNKNOWN}")["items"] == []
    assert api("GET", f"{NOTES}/{UNKNOWN}")[0] == 404
    assert api("POST", f"{NOTES}/{UNKNOWN}/void")[0] == 404
    assert api("GET", f"{INVOICES}/{UNKNOWN}/credit-notes")[0] == 404
    assert api("POST", f"{INVOICES}/{UNKNOWN}/credit-notes", WHY)[0] == 404


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (
            {"reason": "x", "refund": "payment", "amount": "0"},
            {"/refund": "invoice_not_paid", "/amount": "greater_than"},
        ),
        ({"reason": "x", "refund": "credit"}, {"/refund": "invoice_not_paid"}),
        ({"reason": "x", "amount": "1000"}, {"/amount": "more_than_is_left"}),
        ({"reason": "x", "lines": [{"lineId": UNKNOWN}]}, {"/lines/0/lineId": "unknown_line"}),
    ],
)
def test_what_cannot_be_credited_is_named(api: Api, run: Run, body: object, fields: dict[str, str]) -> None:
    invoice_id = invoiced(run, "failed")
    stored = run.everything()
    status, answer = api("POST", f"{INVOICES}/{invoice_id}/credit-notes", body)
    assert (status, problem_fields(answer)) == (400, fields)
    assert run.everything() == stored


@pytest.mark.parametrize(
    "body", [None, "{", "[]", {}, {"reason": ""}, {"reason": "x", "amount": "NaN"}, {"reason": "x", "lines": []}]
)
def test_no_odd_body_gets_past_the_schema(api: Api, body: object) -> None:
    assert api("POST", f"{INVOICES}/{UNKNOWN}/credit-notes", body)[0] == 400


def test_two_at_once_never_take_back_more_than_was_invoiced(
    api: Api, run: Run, database_settings: PostgresSettings
) -> None:
    invoice_id = invoiced(run)
    almost_all = NoteWanted("outage", amount=run.invoices()[0].totals.total - 1)

    def ask(begin: Begin[BillingStore]) -> None:
        CreditNoteService(begin, run.apps).create(run.namespace, invoice_id, almost_all)

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(lambda _: succeeds(database_settings, ask), range(4))) == [False, False, False, True]
    assert [note["number"] for note in api.ok("GET", f"{INVOICES}/{invoice_id}/credit-notes")] == ["CN-000001"]


def test_money_goes_back_the_way_it_came_and_the_books_know_it(api: Api, run: Run) -> None:
    invoice_id = invoiced(run)
    before = balances(run, invoice_id)
    note = credit(api, invoice_id, amount="12", refund="payment")
    assert (note["status"], note["externalId"]) == ("issued", f"sandbox-{note['id']}")
    after = balances(run, invoice_id)
    assert {name: after[name] - before[name] for name in after} == {"earnings": Decimal(-12), "wash": Decimal(12)}
    assert api("POST", f"{NOTES}/{note['id']}/void")[1]["code"] == "credit_note_used"
    assert api.ok("POST", f"{NOTES}/{note['id']}/retry") == note


def test_under_an_idempotency_key_no_app_hears_of_a_note_that_is_not_saved(
    api: Api, run: Run, database_settings: PostgresSettings
) -> None:
    invoice_id = invoiced(run)
    seen: list[str] = []

    class Watching(FakeApp):
        def take_back(self, invoice: Invoice, note: CreditNote) -> Accepted | Refused | Waiting:
            database = Database(lambda: database_settings)
            with database.transaction(run.namespace) as transaction:
                seen.extend(row["state"] for row in transaction.fetch_all("SELECT state FROM credit_notes"))
            database.close()
            return super().take_back(invoice, note)

    run.app = Watching(payment=Payment(Trigger.PAID))
    path, body = f"{INVOICES}/{invoice_id}/credit-notes", WHY | {"amount": "12", "refund": "payment"}
    first = api("POST", path, body, key="once")
    assert (first[0], first[1]["status"], seen) == (201, "pending", ["pending"])
    assert api("POST", path, body, key="once") == first
    assert [one["status"] for one in api.ok("GET", path)] == ["issued"]
    assert seen == ["pending"], "the app was told once"


@pytest.mark.parametrize(
    ("said", "status", "left"),
    [({"externalId": "bank-1"}, "issued", False), ({"failure": "account closed"}, "failed", True)],
)
def test_who_pays_back_by_a_system_of_its_own_reports_it_once(
    api: Api, run: Run, said: dict[str, str], status: str, left: bool
) -> None:
    run.app = FakeApp(payment=Payment(Trigger.PAID), waits={"take_back"})
    invoice_id = invoiced(run)
    before = balances(run, invoice_id)
    note = credit(api, invoice_id, refund="payment")
    assert (note["status"], balances(run, invoice_id)) == ("pending", before)
    assert api("POST", f"{INVOICES}/{invoice_id}/credit-notes", WHY)[1]["code"] == "nothing_left"
    assert api("POST", f"{NOTES}/{note['id']}/void")[1]["code"] == "credit_note_used"
    path = f"{NOTES}/{note['id']}/given-back"
    status_of_both, fault = api("POST", path, {"externalId": "bank-1", "failure": "account closed"})
    assert (status_of_both, problem_fields(fault)) == (400, {"/failure": "contradiction"})
    told = api.ok("POST", path, said)
    assert told["status"] == status
    stored = run.everything()
    assert api.ok("POST", path, said) == told
    assert run.everything() == stored
    assert (balances(run, invoice_id) == before) is left
    assert api.ok("POST", path, {"failure": "it came back"})["status"] == "failed"
    assert balances(run, invoice_id) == before
    again = api.ok("POST", f"{NOTES}/{note['id']}/retry")
    assert (again["status"], again["attempt"]) == ("pending", 2)
    for old in (said, {"failure": "it came back"}):
        assert api.ok("POST", path, {**old, "attempt": 1}) == again
        unknown, problem = api("POST", path, {**old, "attempt": 3})
        assert (unknown, problem_fields(problem)) == (400, {"/attempt": "attempt_unknown"})
    assert api.ok("POST", path, {"externalId": "bank-2"})["externalId"] == "bank-2"
    assert balances(run, invoice_id) != before


def test_a_report_counts_for_the_attempt_it_was_looked_at_in_and_no_retry_comes_between(api: Api, run: Run) -> None:
    run.app = FakeApp(payment=Payment(Trigger.PAID), waits={"take_back"})
    note = credit(api, invoiced(run), refund="payment")
    begun: list[str] = []

    def begin(namespace: str) -> AbstractContextManager[Work[BillingStore]]:
        begun.append(namespace)
        if len(begun) == 2:
            api.ok("POST", f"{NOTES}/{note['id']}/given-back", {"failure": "account closed"})
            api.ok("POST", f"{NOTES}/{note['id']}/retry")
        return run.begin(namespace)

    told = TellNote(begin, run.apps, lambda: run.now).reported(run.namespace, note["id"], Accepted(), attempt=1)
    assert (told.state.value, told.attempt) == ("issued", 1)


def on_its_way(run: Run) -> CreditNote:
    """A refund of which no app was told yet, to a customer who left."""
    left = run.customer("left")
    run.change(replace(run.subscribe(left, fee()), active_to=at("2024-01-20")))
    run.all()
    [paid] = run.invoices()
    service = CreditNoteService(run.begin, run.apps, lambda: run.now, afterwards=lambda _: None)
    return service.create(run.namespace, paid.id, NoteWanted("outage", Refund.PAYMENT))


def leave(run: Run, customer_id: str) -> None:
    """The customer is deleted, whatever goes back to it."""
    with run.database.transaction(run.namespace) as transaction:
        customers = PostgresCustomers(transaction)
        left = customers.find(customer_id)
        assert left is not None
        customers.update(left.deleted(run.now))
        transaction.commit()


def test_who_is_to_be_paid_back_stays_until_that_is_done(api: Api, run: Run) -> None:
    note, codes = on_its_way(run), []
    for status in ("pending", "issued"):
        assert api.ok("GET", f"{NOTES}/{note.id}")["status"] == status
        with run.database.transaction(run.namespace) as transaction:
            problems = PostgresBillingGuard(transaction).against_deletion(note.customer_id, run.now)
        codes.append([problem.code for problem in problems])
        run.now += timedelta(minutes=10)
        run.all()
    assert codes == [["pending_credit_notes"], []]


@pytest.mark.parametrize("is_apart", [True, False])
def test_what_goes_back_to_who_was_deleted_is_told_by_the_runs_for_the_others(
    api: Api, run: Run, *, is_apart: bool
) -> None:
    note, others = on_its_way(run), [run.customer("ann"), run.customer("bob")]
    leave(run, note.customer_id)
    if is_apart:
        with run.database.transaction(run.namespace) as transaction:
            PostgresBilledApart(transaction).add(others[0], run.now)
            transaction.commit()
    run.now += timedelta(minutes=10)
    assert run.all() == Outcome(3)
    assert api.ok("GET", f"{NOTES}/{note.id}")["status"] == "issued"


def test_what_goes_back_to_who_was_deleted_is_told_where_nobody_is_left(api: Api, run: Run) -> None:
    note, listed = on_its_way(run), ListCustomerBatches(run.begin, lambda: [run.namespace])
    leave(run, note.customer_id)
    run.now += timedelta(minutes=10)
    [run.edges] = listed().batches
    assert run.all() == Outcome(1)
    assert api.ok("GET", f"{NOTES}/{note.id}")["status"] == "issued"
    assert listed().batches == []


class Odd(FakeApp):
    def take_back(self, _invoice: Invoice, _note: CreditNote) -> Accepted | Refused | Waiting:
        raise RuntimeError("odd")


@pytest.mark.parametrize("bill", [Run.all, Run.advance])
def test_what_breaks_as_it_goes_back_to_who_was_deleted_is_told_by_every_run(
    api: Api, run: Run, bill: Callable[[Run], Outcome]
) -> None:
    note, _ = on_its_way(run), run.customer("ann")
    leave(run, note.customer_id)
    run.app = Odd()
    for _ in range(2):
        run.now += timedelta(minutes=10)
        assert bill(run) == Outcome(1, {note.customer_id: f"credit note {note.id}: RuntimeError: odd"})
    run.app = None
    assert bill(run) == Outcome(2)
    assert api.ok("GET", f"{NOTES}/{note.id}")["status"] == "issued"


def test_a_note_whose_app_was_not_told_is_told_by_the_next_run_unless_the_audit_holds_its_invoice(
    api: Api, run: Run
) -> None:
    invoice_id = invoiced(run)
    service = CreditNoteService(run.begin, run.apps, lambda: run.now, afterwards=lambda _: None)
    note = service.create(run.namespace, invoice_id, NoteWanted("outage", Refund.PAYMENT))
    run.advance()
    assert api.ok("GET", f"{NOTES}/{note.id}")["status"] == "pending"
    run.now += timedelta(minutes=10)
    finding = {"id": new_id(), "customer": note.customer_id, "invoice": invoice_id}
    holds = (
        "INSERT INTO audit_findings (namespace, id, kind, subject_id, customer_id, invoice_id, detail, found_at)"
        " VALUES (%(namespace)s, %(id)s, 'not_readable', %(invoice)s, %(customer)s, %(invoice)s, 'odd', now())"
    )
    lets_go = "DELETE FROM audit_findings WHERE namespace = %(namespace)s AND id = %(id)s"
    for statement, status in ((holds, "pending"), (lets_go, "issued")):
        with run.database.transaction(run.namespace) as transaction:
            transaction.execute(statement, finding)
            transaction.commit()
        run.advance()
        assert api.ok("GET", f"{NOTES}/{note.id}")["status"] == status
