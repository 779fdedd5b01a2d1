"""What the audit of the books found of an invoice parks it until somebody lets it be; on the real database."""

import pytest

from meterhouse.billing.payment_report import PaymentReport
from meterhouse.billing.record_payment import RecordPayment
from meterhouse.billing.state import Trigger
from meterhouse.kernel.errors import Conflict
from meterhouse.platform.postgres import Database
from tests.integration.billing.audited import audited
from tests.integration.billing.conftest import Run
from tests.integration.billing.given import PROFILES, Api, problem_fields
from tests.integration.billing.test_edits import edit_of
from tests.unit.subscriptions.samples import at

FINDINGS = "/api/v1/billing/audit-findings"


@pytest.fixture
def draft(run: Run, unguarded: Database, api: Api) -> str:
    """A rated draft that waits for the end of its draft period; its total was changed, and the audit has seen it."""
    terms = {"invoicing": {"draftPeriod": "P5D"}}
    api.ok("POST", PROFILES, api.profile(default=True, workflow=terms))
    customer = run.customer("ann")
    run.subscribe(customer)
    run.used(customer, "2024-01-01", "3")
    run.now = at("2024-02-01T02:00:00Z")
    run.all()
    [made] = run.invoices()
    with unguarded.transaction(run.namespace) as transaction:
        transaction.execute(
            "UPDATE invoices SET amount = 999 WHERE id = %(id)s AND namespace = %(namespace)s", {"id": made.id}
        )
        transaction.commit()
    audited(run)
    return made.id


def test_a_parked_invoice_goes_nowhere_until_somebody_lets_it_be(run: Run, api: Api, draft: str) -> None:
    later = at("2024-02-10T02:00:00Z")
    run.now = later
    path = f"/api/v1/billing/invoices/{draft}"
    for action in ("advance", "approve", "retry", "snapshot-quantities", "taxes/recalculate"):
        status, problem = api("POST", f"{path}/{action}")
        assert (status, problem["code"]) == (409, "invoice_parked")
    shown = api.ok("GET", path)
    status, problem = api("PUT", path, edit_of(shown, description="mine"))
    assert (status, problem["code"]) == (409, "invoice_parked")
    run.all(later)
    [held] = run.invoices()
    assert held.state.value == "draft.waiting_auto_approval"

    [found] = api.ok("GET", FINDINGS, query="open=true")["items"]
    assert (found["kind"], found["invoiceId"]) == ("invoice_total_differs", draft)
    resolved = api.ok("POST", f"{FINDINGS}/{found['id']}/resolve", {"reason": "agreed by phone"})
    assert resolved["reason"] == "agreed by phone"
    assert api.ok("POST", f"{FINDINGS}/{found['id']}/resolve", {"reason": "agreed by phone"}) == resolved
    assert api.ok("GET", FINDINGS, query="open=true")["items"] == []
    # the same audit finds the same, which somebody let be
    assert audited(run).open == 0
    run.advance(later)
    # its own last check refuses it still
    assert run.invoices()[0].state.value == "issuing.line_finalization_failed"


@pytest.mark.parametrize("state", ["draft.invalid", "payment_processing.booking_authorized_and_settled_failed"])
def test_a_parked_invoice_is_not_even_taken_up_again(
    run: Run, api: Api, draft: str, unguarded: Database, state: str
) -> None:
    assert api.ok("GET", FINDINGS, query="open=true")["totalCount"] == 1
    with unguarded.transaction(run.namespace) as transaction:
        given = {"id": draft, "state": state}
        transaction.execute("UPDATE invoices SET state = %(state)s WHERE id = %(id)s", given)
        transaction.commit()
    run.now = at("2024-02-10T02:00:00Z")
    run.advance(run.now)
    assert run.invoices()[0].state.value == state
    if state.startswith("payment"):
        report = PaymentReport("paid", Trigger.PAID, run.now)
        for _ in range(2):
            with pytest.raises(Conflict, match="the audit of the books holds"):
                RecordPayment(run.begin, run.apps, lambda: run.now)(run.namespace, draft, report)


def test_a_parked_invoice_may_be_deleted(run: Run, api: Api, draft: str) -> None:
    run.now = at("2024-02-02")

    assert api("DELETE", f"/api/v1/billing/invoices/{draft}")[0] == 204
    assert audited(run).open == 0


def test_findings_are_refused_shown_and_resolved_in_their_namespace_alone(
    run: Run, api: Api, draft: str, other_namespace: str
) -> None:
    assert draft
    [found] = api.ok("GET", FINDINGS)["items"]
    path = f"{FINDINGS}/{found['id']}/resolve"

    assert api.ok("GET", FINDINGS, query="kind=other")["items"] == []
    assert api("POST", path, {"reason": "mine"}, namespace=other_namespace)[0] == 404
    assert api("POST", f"{FINDINGS}/nonsense/resolve", {"reason": "mine"})[0] == 404
    status, problem = api("POST", path, {"reason": ""})
    assert (status, set(problem_fields(problem))) == (400, {"/reason"})
    assert api("GET", FINDINGS, query="open=perhaps")[0] == 400
    api.ok("POST", path, {"reason": "mine"})
    status, problem = api("POST", path, {"reason": "another"})
    assert (status, problem["code"]) == (409, "finding_resolved")
    assert run.rows("SELECT reason FROM audit_findings WHERE namespace = %(namespace)s") == [{"reason": "mine"}]
