"""Apps that have to be waited for, on the real database."""

from decimal import Decimal

import pytest

from meterhouse.billing.app import Accepted, LineTax
from meterhouse.billing.confirm_sync import ConfirmSync
from meterhouse.billing.external_ids import detailed_id
from meterhouse.billing.invoice import PAYMENT, Invoice
from meterhouse.billing.postgres_findings import PostgresFindings
from meterhouse.kernel.errors import Conflict, InvalidInput, NotFound
from meterhouse.ledger.audit import Finding
from tests.integration.billing.conftest import Run
from tests.integration.billing.given import INVOICES, UNKNOWN, Api
from tests.integration.billing.test_edits import LINE, chosen, put
from tests.unit.billing.samples import NOW, FakeApp, metered
from tests.unit.subscriptions.samples import fee


def waiting(run: Run, *steps: str, customers: tuple[str, ...] = ("ann",)) -> list[Invoice]:
    """Invoices, one for each customer, whose app is waited for at these steps."""
    run.app = FakeApp(waits=set(steps))
    for key in customers:
        run.subscribe(run.customer(key), fee(), metered())
    run.all()
    return run.invoices()


def hold(run: Run, invoice: Invoice) -> None:
    """The audit of the books finds something wrong with it."""
    with run.database.transaction(run.namespace) as transaction:
        found = Finding("invoice_total_differs", invoice.id, invoice.customer_id, "by hand", invoice.id)
        PostgresFindings(transaction).write_of_invoices([invoice.id], [found], run.now)
        transaction.commit()


def confirm(run: Run) -> ConfirmSync:
    return ConfirmSync(run.begin, run.apps, lambda: run.now)


def test_an_invoice_waits_for_both_confirmations_and_takes_what_the_app_calls_it(run: Run, api: Api) -> None:
    [invoice] = waiting(run, "sync", "finalize")
    assert invoice.state.value == "draft.syncing"
    line = next(line for line in invoice.lines if line.detailed)
    part = detailed_id(line, line.detailed[0].key)
    named = Accepted(external_id="in_1", external_ids={line.id: "li_1", part: "li_2"})
    confirmed = confirm(run).draft(run.namespace, invoice.id, named)
    assert confirmed.invoice.state.value == "issuing.syncing"
    final = Accepted(number="2024/1", external_ids={PAYMENT: "pi_1"}, sent_to_customer_at=NOW)
    assert confirm(run).issuing(run.namespace, invoice.id, final).invoice.number == "2024/1"

    shown = api.ok("GET", f"{INVOICES}/{invoice.id}")
    assert (shown["statusDetails"]["extendedStatus"], shown["number"]) == ("payment_processing.pending", "2024/1")
    assert shown["externalIds"] == {"invoicing": "in_1", "payment": "pi_1"}
    assert shown["sentToCustomerAt"] == "2024-06-01T00:00:00Z"
    [named_line] = [one for one in shown["lines"] if "externalIds" in one]
    assert named_line["externalIds"] == {"invoicing": "li_1"}
    assert named_line["children"][0]["externalIds"] == {"invoicing": "li_2"}


def test_what_an_action_leads_to_is_where_the_app_is_waited_for(run: Run, api: Api) -> None:
    api.without_auto_advance()
    [draft] = waiting(run, "finalize")
    edited = api.ok("POST", f"{INVOICES}/{draft.id}/taxes/recalculate")
    actions = edited["statusDetails"]["availableActions"]
    assert actions["approve"]["resultingState"] == "issuing.syncing"
    approved = api.ok("POST", f"{INVOICES}/{draft.id}/approve")
    assert approved["statusDetails"]["extendedStatus"] == "issuing.syncing"


def test_without_a_number_of_the_app_the_house_gives_one(run: Run) -> None:
    [invoice] = waiting(run, "finalize")
    assert confirm(run).issuing(run.namespace, invoice.id, Accepted()).invoice.number == "FAKE-000001"


def test_runs_leave_an_invoice_alone_that_waits_for_its_app(run: Run) -> None:
    waiting(run, "sync")
    before = run.everything()
    assert run.all().failed == {}
    assert run.everything() == before


def test_the_first_confirmation_counts_and_one_that_says_something_else_is_told_so(run: Run) -> None:
    [invoice] = waiting(run, "sync", "finalize")
    first = Accepted(external_id="first", taxes={invoice.lines[0].id: LineTax(exclusive=Decimal("1.9"))})
    confirm(run).draft(run.namespace, invoice.id, first)
    before = run.everything()
    again = confirm(run).draft(run.namespace, invoice.id, first)
    assert again.invoice.external_id == "first"
    other = Accepted(external_id="second", taxes={invoice.lines[0].id: LineTax(exclusive=Decimal(2))})
    with pytest.raises(Conflict) as refused:
        confirm(run).draft(run.namespace, invoice.id, other)
    assert refused.value.code == "confirmed_otherwise"
    assert [one.field for one in refused.value.problems] == ["/invoicing/externalId", "/invoicing/lineTaxes"]
    assert run.everything() == before


def test_a_repeat_may_name_a_line_that_an_edit_took_off_since(run: Run, api: Api) -> None:
    api.without_auto_advance()
    [invoice] = waiting(run)
    gone, *_ = invoice.lines
    said = Accepted(external_ids={gone.id: "li_1"})
    confirm(run).draft(run.namespace, invoice.id, said)
    shown = api.ok("GET", f"{INVOICES}/{invoice.id}")
    put(api, shown, *(chosen(line, LINE) for line in shown["lines"] if line["id"] != gone.id))
    before = run.everything()
    confirm(run).draft(run.namespace, invoice.id, said)
    assert run.everything() == before
    with pytest.raises(InvalidInput):
        confirm(run).draft(run.namespace, invoice.id, Accepted(external_ids={gone.id: "li_2"}))


def test_what_the_audit_holds_takes_nothing_from_a_confirmation_that_nobody_waits_for(run: Run) -> None:
    [invoice] = waiting(run)
    hold(run, invoice)
    before = run.everything()
    confirm(run).issuing(run.namespace, invoice.id, Accepted())
    with pytest.raises(Conflict) as refused:
        confirm(run).issuing(run.namespace, invoice.id, Accepted(external_ids={PAYMENT: "pi_1"}))
    assert refused.value.code == "invoice_parked"
    assert run.everything() == before


def test_a_confirmation_that_nobody_waits_for_is_a_conflict(run: Run) -> None:
    [invoice] = waiting(run, "sync")
    with pytest.raises(Conflict) as refused:
        confirm(run).issuing(run.namespace, invoice.id, Accepted())
    assert refused.value.code == "invoice_state"
    with pytest.raises(NotFound):
        confirm(run).draft(run.namespace, UNKNOWN, Accepted())


def test_a_draft_that_the_audit_holds_takes_no_confirmation(run: Run) -> None:
    [invoice] = waiting(run, "sync")
    hold(run, invoice)
    before = run.everything()
    with pytest.raises(Conflict) as refused:
        confirm(run).draft(run.namespace, invoice.id, Accepted(external_id="in_1"))
    assert refused.value.code == "invoice_parked"
    assert run.everything() == before


def test_every_fault_of_a_confirmation_is_named(run: Run) -> None:
    [invoice] = waiting(run, "sync")
    before = run.everything()
    with pytest.raises(InvalidInput) as refused:
        confirm(run).draft(run.namespace, invoice.id, Accepted("sandbox-000007", external_ids={UNKNOWN: "x"}))
    assert [problem.code for problem in refused.value.problems] == ["reserved_number", "unknown_part"]
    assert run.everything() == before


def test_what_another_app_finalised_keeps_its_number(run: Run) -> None:
    first, second = waiting(run, "finalize", customers=("ann", "bob"))
    with run.database.transaction(run.namespace) as transaction:
        transaction.execute("UPDATE invoices SET app_id = %(app)s WHERE id = %(id)s", {"app": UNKNOWN, "id": second.id})
        transaction.commit()
    for invoice in (first, second):
        assert confirm(run).issuing(run.namespace, invoice.id, Accepted("A-1")).invoice.number == "A-1"


def test_no_two_invoices_of_an_app_have_one_number(run: Run) -> None:
    first, second = waiting(run, "finalize", customers=("ann", "bob"))
    confirm(run).issuing(run.namespace, first.id, Accepted("A-1"))
    with pytest.raises(Conflict) as refused:
        confirm(run).issuing(run.namespace, second.id, Accepted("A-1"))
    assert refused.value.code == "invoice_number_taken"
    assert confirm(run).issuing(run.namespace, second.id, Accepted("A-2")).invoice.number == "A-2"
