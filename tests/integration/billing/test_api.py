"""Billing over HTTP on the real database."""

from datetime import timedelta

import pytest

from meterhouse.billing.app import CopyState, Payment
from meterhouse.billing.invoice import Issue, Severity
from meterhouse.billing.record_sent import record_sent
from meterhouse.billing.state import Trigger
from tests.integration.billing.conftest import AFTER_FEBRUARY, AFTER_JANUARY, Run
from tests.integration.billing.given import DISCARD, INVOICES, PROFILES, UNKNOWN, Api, problem_codes, problem_fields
from tests.unit.billing.samples import NOW, FakeApp, metered, tiers
from tests.unit.subscriptions.samples import at


@pytest.fixture
def customer(run: Run) -> str:
    customer = run.customer("ann", subject_keys=("ann-1",))
    run.subscribe(customer, metered(price=tiers()))
    run.used(customer, "2024-01-01", "12")
    run.used(customer, "2024-02-01", "4")
    return customer


def test_the_first_profile_comes_by_itself_with_the_contracts_defaults(api: Api) -> None:
    page = api.ok("GET", PROFILES, query="expand=apps")
    assert page["totalCount"] == 1
    [profile] = page["items"]
    assert profile["default"] is True
    assert profile["workflow"] == {
        "collection": {"alignment": {"type": "subscription"}, "interval": "PT1H"},
        "invoicing": {
            "autoAdvance": True,
            "draftPeriod": "P0D",
            "dueAfter": "P30D",
            "progressiveBilling": True,
            "subscriptionEndProrationMode": "bill_actual_period",
        },
        "payment": {"collectionMethod": "charge_automatically"},
        "tax": {"enabled": True, "enforced": False},
    }
    assert profile["apps"]["payment"]["type"] == "sandbox"
    assert api.ok("GET", PROFILES, query="expand=apps") == page


def test_the_default_moves_and_is_never_absent(api: Api) -> None:
    first = api.ok("GET", PROFILES)["items"][0]["id"]
    made = api.ok("POST", PROFILES, api.profile(default=True))
    assert api.ok("GET", f"{PROFILES}/{first}")["default"] is False
    assert api("DELETE", f"{PROFILES}/{made['id']}")[0] == 409
    unset = {"name": "Own", "supplier": made["supplier"], "default": False, "workflow": made["workflow"]}
    status, answer = api("PUT", f"{PROFILES}/{made['id']}", unset)
    assert (status, answer["code"]) == (409, "default_profile")
    moved = unset | {"name": "First", "default": True}
    assert api.ok("PUT", f"{PROFILES}/{first}", moved)["name"] == "First"
    api.ok("DELETE", f"{PROFILES}/{made['id']}")
    api.ok("DELETE", f"{PROFILES}/{made['id']}")
    assert api.ok("GET", f"{PROFILES}/{made['id']}")["deletedAt"]
    assert [one["id"] for one in api.ok("GET", PROFILES)["items"]] == [first]
    assert api.ok("GET", PROFILES, query="includeArchived=true")["totalCount"] == 2


def test_all_faults_of_a_profile_are_named(api: Api) -> None:
    anchored = {"type": "anchored", "recurringPeriod": {"interval": "P1M", "anchor": "soon"}}
    workflow = {"collection": {"alignment": anchored, "interval": "an hour"}, "invoicing": {"later": 1}}
    status, answer = api("POST", PROFILES, api.profile(workflow=workflow, name=""))
    assert status == 400
    assert set(problem_fields(answer)) == {
        "/name",
        "/workflow/collection/alignment/recurringPeriod/anchor",
        "/workflow/collection/interval",
        "/workflow/invoicing/later",
    }
    wrong = api.profile(supplier={}, apps=dict.fromkeys(("tax", "invoicing", "payment"), UNKNOWN))
    status, answer = api("POST", PROFILES, wrong)
    assert status == 400
    assert set(problem_fields(answer)) == {
        "/supplier/name",
        "/supplier/addresses/0/country",
        "/apps/tax",
        "/apps/invoicing",
        "/apps/payment",
    }


def test_what_is_not_there_or_another_namespaces_is_not_found(api: Api, customer: str, other_namespace: str) -> None:
    assert customer
    api.run.all()
    [invoice] = api.run.invoices()
    for path in (
        f"{INVOICES}/{UNKNOWN}",
        f"{PROFILES}/{UNKNOWN}",
    ):
        assert api("GET", path)[0] == 404
    for method, path, body in (
        ("GET", "", None),
        ("DELETE", "", None),
        ("POST", "/advance", None),
        ("POST", "/void", DISCARD),
    ):
        assert api(method, f"{INVOICES}/{invoice.id}{path}", body, namespace=other_namespace)[0] == 404
    assert api("GET", INVOICES, namespace=other_namespace)[1]["items"] == []


def test_an_invoice_shows_its_lines_detailed_lines_and_what_may_be_done(api: Api, customer: str) -> None:
    api.run.all()
    [invoice] = api.ok("GET", INVOICES, query="statuses=paid&expand=lines")["items"]
    assert invoice == api.ok("GET", f"{INVOICES}/{invoice['id']}")
    assert invoice["customer"]["id"] == customer
    assert invoice["customer"]["usageAttribution"] == {"subjectKeys": ["ann", "ann-1"]}
    assert invoice["statusDetails"] == {
        "immutable": True,
        "failed": False,
        "extendedStatus": "paid",
        "availableActions": {},
    }
    assert invoice["totals"]["total"] == "15.67"
    assert invoice["period"] == {"from": "2024-01-01T00:00:00Z", "to": "2024-02-01T00:00:00Z"}
    [line] = invoice["lines"]
    assert (line["quantity"], line["meteredQuantity"], line["featureKey"]) == ("12", "12", "usage")
    assert line["rateCard"]["price"]["mode"] == "graduated"
    assert sorted(child["totals"]["total"] for child in line["children"]) == ["0.67", "10.00", "5.00"]
    assert line["subscription"]["billingPeriod"] == line["period"]
    assert invoice["quantitySnapshotedAt"] == "2024-06-01T00:00:00Z"


def test_a_gathering_invoice_is_valued_as_of_now(api: Api, customer: str) -> None:
    api.run.all()
    [gathering] = api.ok("GET", INVOICES, query="statuses=gathering&expand=lines")["items"]
    assert gathering["customer"]["id"] == customer
    assert gathering["status"] == "gathering"
    assert gathering["statusDetails"]["availableActions"] == {"invoice": {}}
    assert gathering["totals"]["total"] == "9.00"
    [line] = gathering["lines"]
    assert line["totals"]["total"] == "9.00"
    assert api("POST", f"{INVOICES}/{gathering['id']}/advance")[0] == 409


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 3),
        ("statuses=paid", 2),
        ("statuses=draft&statuses=gathering", 1),
        ("extendedStatuses=paid", 2),
        ("issuedAfter=2024-02-15T00:00:00Z", 1),
        ("issuedBefore=2024-02-15T00:00:00Z", 1),
        ("periodStartAfter=2024-01-15T00:00:00Z", 2),
        ("periodStartBefore=2024-01-15T00:00:00Z", 1),
        ("createdAfter=2025-01-01T00:00:00Z", 0),
        ("createdBefore=2025-01-01T00:00:00%2B01:00", 3),
        (f"customers={UNKNOWN}", 0),
        ("page=2&pageSize=2", 1),
        ("page=3&pageSize=2&orderBy=customer.name&order=DESC", 0),
    ],
)
def test_a_list_holds_what_was_asked_for(api: Api, customer: str, query: str, count: int) -> None:
    assert customer
    api.run.all(AFTER_JANUARY)
    api.run.all(AFTER_FEBRUARY)
    assert len(api.ok("GET", INVOICES, query=query)["items"]) == count


def test_a_gathering_invoice_is_found_and_sorted_by_the_period_that_it_shows(api: Api, customer: str) -> None:
    assert customer
    api.run.all()
    [gathering] = api.ok("GET", INVOICES, query="statuses=gathering")["items"]
    assert gathering["period"]["from"] == "2024-02-01T00:00:00Z"

    def found(query: str) -> list[str]:
        return [one["period"]["from"][:10] for one in api.ok("GET", INVOICES, query=query)["items"]]

    assert found("periodStartAfter=2024-02-01T00:00:00Z") == ["2024-02-01"]
    assert found("periodStartBefore=2024-01-31T23:59:59Z") == ["2024-01-01"]
    assert found("orderBy=periodStart") == ["2024-01-01", "2024-02-01"]
    assert found("orderBy=periodStart&order=DESC") == ["2024-02-01", "2024-01-01"]


def test_a_gathering_invoice_is_sorted_by_the_name_that_it_shows(api: Api, run: Run) -> None:
    for key in ("ann", "bob"):
        run.subscribe(run.customer(key))
    run.sync()
    with run.database.transaction(run.namespace) as transaction:
        transaction.execute("UPDATE customers SET name = 'Zoe' WHERE namespace = %(namespace)s AND name = 'Ann'")
        transaction.commit()
    listed = api.ok("GET", INVOICES, query="orderBy=customer.name")["items"]
    assert [one["customer"]["name"] for one in listed] == ["Bob", "Zoe"]


@pytest.mark.parametrize("order", ["customer.name", "issuedAt", "status", "createdAt", "updatedAt", "periodStart"])
def test_a_list_has_an_order(api: Api, customer: str, order: str) -> None:
    assert customer
    api.run.all()
    up = [one["id"] for one in api.ok("GET", INVOICES, query=f"orderBy={order}")["items"]]
    down = [one["id"] for one in api.ok("GET", INVOICES, query=f"orderBy={order}&order=DESC")["items"]]
    assert sorted(up) == sorted(down)


@pytest.mark.parametrize(
    "query",
    [
        "issuedAfter=0001-01-01T00:00:00%2B14:00",
        "createdBefore=9999-12-31T23:59:59-14:00",
        "periodStartAfter=2024-01-01T00:00:00",
        "statuses=sold",
        "issuedAfter=yesterday",
        "page=0",
        "pageSize=1001",
        "orderBy=x",
        "customers=ann",
        "expand=all",
    ],
)
def test_a_list_refuses_what_it_does_not_know(api: Api, query: str) -> None:
    assert api("GET", INVOICES, query=query)[0] == 400


def test_a_draft_waits_for_approval_and_is_paid_after_it(api: Api, customer: str) -> None:
    assert customer
    api.without_auto_advance()
    api.run.all()
    [waiting] = api.ok("GET", INVOICES, query="extendedStatuses=draft.manual_approval_needed")["items"]
    assert waiting["statusDetails"]["immutable"] is False
    assert waiting["number"].startswith("DRAFT-")
    assert sorted(waiting["statusDetails"]["availableActions"]) == ["approve", "delete"]
    assert api("POST", f"{INVOICES}/{waiting['id']}/advance")[0] == 409
    assert api("POST", f"{INVOICES}/{waiting['id']}/retry")[1]["code"] == "invoice_state"
    paid = api.ok("POST", f"{INVOICES}/{waiting['id']}/approve")
    assert (paid["status"], paid["number"]) == ("paid", "SANDBOX-000001")
    assert api("POST", f"{INVOICES}/{waiting['id']}/approve")[0] == 409


def test_a_draft_says_when_it_will_be_due_and_is_due_from_its_issue(api: Api, customer: str) -> None:
    assert customer
    workflow = {"invoicing": {"autoAdvance": False, "draftPeriod": "P2D", "dueAfter": "P7D"}}
    api.ok("POST", PROFILES, api.profile(default=True, workflow=workflow))
    api.run.all()
    [draft] = api.ok("GET", INVOICES, query="statuses=draft")["items"]
    assert (draft["draftUntil"], draft["dueAt"]) == ("2024-02-03T02:00:00Z", "2024-02-10T02:00:00Z")
    assert "issuedAt" not in draft
    issued = api.ok("POST", f"{INVOICES}/{draft['id']}/approve")
    assert (issued["issuedAt"], issued["dueAt"]) == ("2024-06-01T00:00:00Z", "2024-06-08T00:00:00Z")


def test_what_is_not_issued_any_more_is_never_due(api: Api, customer: str) -> None:
    assert customer
    api.without_auto_advance()
    api.run.all()
    [draft] = api.ok("GET", INVOICES, query="statuses=draft")["items"]
    api.ok("DELETE", f"{INVOICES}/{draft['id']}")
    assert "dueAt" not in api.ok("GET", f"{INVOICES}/{draft['id']}")


def test_a_deleted_draft_is_hidden_and_its_lines_are_not_billed_again(api: Api, customer: str) -> None:
    assert customer
    api.without_auto_advance()
    api.run.all()
    [invoice] = api.run.invoices()
    api.ok("DELETE", f"{INVOICES}/{invoice.id}")
    assert api("DELETE", f"{INVOICES}/{invoice.id}")[0] == 409
    assert api.ok("GET", f"{INVOICES}/{invoice.id}")["deletedAt"]
    api.run.all()
    assert api.ok("GET", INVOICES, query="statuses=draft")["items"] == []
    assert len(api.ok("GET", INVOICES, query="statuses=draft&includeDeleted=true")["items"]) == 1


def test_what_failed_is_tried_again_on_request(api: Api, run: Run, customer: str) -> None:
    assert customer
    run.app = FakeApp({"sync"})
    run.all()
    [invoice] = run.invoices()
    shown = api.ok("GET", f"{INVOICES}/{invoice.id}")
    assert shown["statusDetails"]["failed"] is True
    assert shown["validationIssues"][0]["message"] == "no sync today"
    actions = shown["statusDetails"]["availableActions"]
    assert actions["retry"] == {"resultingState": "payment_processing.pending"}
    run.app = FakeApp(number="EXTERNAL-1")
    retried = api.ok("POST", f"{INVOICES}/{invoice.id}/retry")
    assert (retried["status"], retried["number"]) == ("payment_processing", "EXTERNAL-1")
    assert "validationIssues" not in retried


def failed_deletion(api: Api) -> str:
    """The path of a draft whose deletion its app refused."""
    api.without_auto_advance()
    api.run.all()
    [invoice] = api.run.invoices()
    api.run.app = FakeApp({"delete"})
    path = f"{INVOICES}/{invoice.id}"
    status, answer = api("DELETE", path)
    assert (status, problem_codes(answer)) == (400, ["invoice_delete_failed", "refused"])
    assert answer["extensions"]["validationErrors"][1]["message"] == "no delete today"
    return path


def test_a_deletion_that_the_app_refuses_is_told_and_tried_again_by_runs(api: Api, run: Run, customer: str) -> None:
    assert customer
    path = failed_deletion(api)
    shown = api.ok("GET", path)
    assert shown["statusDetails"]["extendedStatus"] == "delete.failed"
    assert [issue["code"] for issue in shown["validationIssues"]] == ["refused"]
    run.app = FakeApp()
    run.advance()
    assert api.ok("GET", path)["statusDetails"]["extendedStatus"] == "deleted"


def test_a_retry_of_a_deletion_deletes_and_issues_nothing(api: Api, run: Run, customer: str) -> None:
    assert customer
    path = failed_deletion(api)
    offered = api.ok("GET", path)["statusDetails"]["availableActions"]
    assert offered["retry"] == {"resultingState": "deleted"}
    again = api.ok("POST", f"{path}/retry")
    assert again["statusDetails"]["extendedStatus"] == "delete.failed"
    run.app = FakeApp(payment=Payment(Trigger.PAID))
    done = api.ok("POST", f"{path}/retry")
    assert (done["statusDetails"]["extendedStatus"], done["statusDetails"]["availableActions"]) == ("deleted", {})
    assert [invoice.issued_at for invoice in run.invoices()] == [None]


def test_a_retry_of_a_deletion_issues_what_its_app_has_collected(api: Api, run: Run, customer: str) -> None:
    assert customer
    path = failed_deletion(api)
    run.app = FakeApp({"delete"}, payment=Payment(Trigger.PAID), copy=CopyState.COLLECTED)
    assert api.ok("POST", f"{path}/retry")["statusDetails"]["extendedStatus"] == "draft.manual_approval_needed"


def test_why_an_attempt_fails_is_told_as_it_is_by_now_and_since_when(api: Api, run: Run, customer: str) -> None:
    assert customer

    def issues(message: str) -> list[tuple[str, str]]:
        run.app = FakeApp(issues=[Issue(Severity.CRITICAL, "refused", "app.fake", message)])
        run.advance(run.now)
        [shown] = api.ok("GET", INVOICES, query="statuses=draft")["items"]
        return [(issue["message"], issue["createdAt"]) for issue in shown["validationIssues"]]

    run.sync()
    run.collect()
    assert issues("no address") == [("no address", "2024-06-01T00:00:00Z")]
    steps = run.everything()["invoice_transitions"]
    run.now = at("2024-06-02")
    assert issues("no address") == [("no address", "2024-06-01T00:00:00Z")]
    assert issues("no card") == [("no card", "2024-06-02T00:00:00Z")]
    assert run.everything()["invoice_transitions"] == steps


def test_since_when_an_issue_is_there_outlasts_other_changes_of_the_invoice(api: Api, run: Run, customer: str) -> None:
    assert customer
    run.app = FakeApp({"sync"})
    run.all(AFTER_JANUARY)
    [invoice] = run.invoices()
    run.now = at("2024-06-02")
    record_sent(run.begin, run.namespace, invoice.id, run.now, run.now)
    shown = api.ok("GET", f"{INVOICES}/{invoice.id}")
    assert shown["updatedAt"] == "2024-06-02T00:00:00Z"
    assert [issue["createdAt"] for issue in shown["validationIssues"]] == ["2024-02-01T02:00:00Z"]


def test_pending_lines_are_invoiced_at_once_when_they_are_due(api: Api, run: Run, customer: str) -> None:
    run.now = AFTER_JANUARY
    wanted = {"customerId": customer, "progressiveBillingOverride": False}
    [invoice] = api.ok("POST", f"{INVOICES}/invoice", wanted)
    assert (invoice["status"], invoice["totals"]["total"]) == ("paid", "15.67")
    status, answer = api("POST", f"{INVOICES}/invoice", wanted)
    assert (status, problem_fields(answer)) == (400, {"/customerId": "invoice_create_no_lines"})


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"customerId": UNKNOWN}, {"/customerId": "unknown_customer"}),
        ({"asOf": "2030-01-01T00:00:00Z"}, {"/asOf": "future"}),
        ({"asOf": "9999-12-31T23:59:59Z"}, {"/asOf": "out_of_range"}),
        ({"asOf": "0001-01-01T00:00:00Z"}, {"/asOf": "out_of_range"}),
        ({"filters": {"lineIds": [UNKNOWN]}}, {"/filters/lineIds": "line_not_due"}),
    ],
)
def test_what_cannot_be_invoiced_now_is_named(
    api: Api, customer: str, change: dict[str, object], fields: dict[str, str]
) -> None:
    status, answer = api("POST", f"{INVOICES}/invoice", {"customerId": customer} | change)
    assert (status, problem_fields(answer)) == (400, fields)


def test_an_advance_collects_a_draft_whose_time_has_come(api: Api, run: Run, customer: str) -> None:
    assert customer
    run.all(AFTER_JANUARY - timedelta(hours=2))
    [waiting] = run.invoices("draft")
    run.now = NOW
    assert api("POST", f"{INVOICES}/{waiting.id}/retry")[0] == 409
    shown = api.ok("GET", f"{INVOICES}/{waiting.id}")
    assert shown["statusDetails"]["availableActions"]["advance"] == {"resultingState": "payment_processing.pending"}
    assert api.ok("POST", f"{INVOICES}/{waiting.id}/advance")["status"] == "paid"


def test_the_same_request_again_gets_the_first_answer_and_invoices_nothing_more(
    api: Api, run: Run, customer: str
) -> None:
    run.now = AFTER_JANUARY
    first = api("POST", f"{INVOICES}/invoice", {"customerId": customer}, key="once")
    assert first[0] == 201
    assert api("POST", f"{INVOICES}/invoice", {"customerId": customer}, key="once") == first
    assert len(run.invoices()) == 1
