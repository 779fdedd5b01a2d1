"""Gathering invoices edited by hand, on the real database: pending lines changed, added and taken back."""

from typing import Any

import pytest

from tests.integration.billing.conftest import AFTER_FEBRUARY, AFTER_JANUARY
from tests.integration.billing.given import INVOICES, UNKNOWN, Api, problem_fields
from tests.integration.billing.test_edits import LINE, chosen, edit_of, put
from tests.integration.billing.test_manual_lines import FLAT, UNIT, actions_of, body, fee, usage
from tests.integration.billing.test_manual_lines import lines_of as pending_lines_of
from tests.unit.subscriptions.samples import at

NEXT_YEAR = "2025-01-01T00:00:00Z"


@pytest.fixture
def ann(api: Api) -> str:
    customer = api.run.customer("ann")
    api.run.used(customer, "2024-01-01", "12")
    return customer


@pytest.fixture
def gathered(api: Api, ann: str) -> dict[str, Any]:
    """A gathering invoice with two lines by hand, 40 and 12 units for 6, that are not due for months."""
    lines = fee(invoiceAt=NEXT_YEAR), usage(invoiceAt=NEXT_YEAR)
    made: dict[str, Any] = api.ok("POST", pending_lines_of(ann), body(*lines))["invoice"]
    return made


def named(invoice: dict[str, Any], name: str) -> dict[str, Any]:
    """A line as a caller sends it back."""
    [found] = [line for line in invoice["lines"] if line["name"] == name]
    return chosen(found, LINE)


def refused(api: Api, invoice: dict[str, Any], *lines: dict[str, Any], **changes: object) -> dict[str, str]:
    """The faults of an edit, by field; nothing of it is written."""
    stored = api.run.everything()
    status, answer = api("PUT", f"{INVOICES}/{invoice['id']}", edit_of(invoice, *lines, **changes))
    assert status == 400, answer
    assert api.run.everything() == stored
    return problem_fields(answer)


def test_what_was_shown_and_sent_back_changes_nothing(api: Api, gathered: dict[str, Any]) -> None:
    stored = api.run.everything()
    api.run.now = at("2024-07-01")
    assert put(api, gathered) == gathered
    assert api.run.everything() == stored
    assert gathered["statusDetails"]["immutable"] is False


def test_pending_lines_are_changed_added_and_taken_back_at_once(api: Api, gathered: dict[str, Any]) -> None:
    api.run.now = at("2024-07-01")
    price = FLAT | {"amount": "25"}
    cheaper = named(gathered, "Setup") | {"rateCard": {"price": price}, "price": price}
    changed = put(api, gathered, cheaper, fee(name="Training", invoiceAt=NEXT_YEAR))
    assert [(line["name"], line["totals"]["total"]) for line in changed["lines"]] == [
        ("Setup", "25.00"),
        ("Training", "40.00"),
    ]
    assert (changed["status"], changed["totals"]["total"]) == ("gathering", "65.00")
    assert changed["updatedAt"] == "2024-07-01T00:00:00Z"
    assert {line["managedBy"] for line in changed["lines"]} == {"manual"}
    assert named(changed, "Setup")["id"] == cheaper["id"]
    assert api.ok("GET", f"{INVOICES}/{gathered['id']}") == changed
    *_, gone = api.ok("GET", f"{INVOICES}/{gathered['id']}", query="includeDeletedLines=true")["lines"]
    assert (gone["name"], gone["deletedAt"]) == ("Extra", "2024-07-01T00:00:00Z")
    assert {line.name for line in api.run.pending()} == {"Setup", "Training"}


def test_an_edit_that_is_sent_again_changes_nothing(api: Api, gathered: dict[str, Any]) -> None:
    lines = named(gathered, "Setup") | {"name": "Set up"}, fee(invoiceAt=NEXT_YEAR), fee(invoiceAt=NEXT_YEAR)
    changed = put(api, gathered, *lines)
    stored = api.run.everything()
    api.run.now = at("2024-07-01")
    assert put(api, gathered, *lines) == changed
    assert api.run.everything() == stored
    assert len(changed["lines"]) == 3


def test_what_was_taken_back_is_never_billed_and_what_was_changed_is(api: Api, gathered: dict[str, Any]) -> None:
    put(api, gathered, named(gathered, "Extra") | {"invoiceAt": "2024-02-01T00:00:00Z"})
    api.run.all()
    [invoice] = api.run.invoices()
    assert [(line.name, str(line.totals.total)) for line in invoice.lines] == [("Extra", "6.00")]
    api.run.now = at("2025-02-01T03:00:00Z")
    api.run.all(at("2025-02-01T02:00:00Z"))
    assert len(api.run.invoices()) == 1


def test_a_gathering_invoice_of_which_all_is_taken_back_is_empty_and_takes_new_lines(
    api: Api, gathered: dict[str, Any]
) -> None:
    empty = api.ok("PUT", f"{INVOICES}/{gathered['id']}", edit_of(gathered, lines=[]))
    assert (empty["lines"], empty["totals"]["total"], actions_of(empty)) == ([], "0", {})
    assert "collectionAt" not in empty
    assert api.ok("GET", INVOICES)["totalCount"] == 0
    again = put(api, empty, fee())
    assert (again["id"], again["totals"]["total"], actions_of(again)) == (gathered["id"], "40.00", {"invoice": {}})
    customer = gathered["customer"]["id"]
    [invoice] = api.ok("POST", f"{INVOICES}/invoice", {"customerId": customer})
    assert invoice["totals"]["total"] == "40.00"


def test_what_can_be_invoiced_and_when_follows_the_edit(api: Api, gathered: dict[str, Any]) -> None:
    sooner = put(api, gathered, named(gathered, "Setup") | {"invoiceAt": "2024-03-01T00:00:00Z"})
    assert (actions_of(sooner), sooner["collectionAt"]) == ({"invoice": {}}, "2024-03-01T00:00:00Z")
    later = put(api, sooner, named(sooner, "Setup") | {"invoiceAt": "2024-07-01T00:00:00Z"})
    assert (actions_of(later), later["collectionAt"]) == ({}, "2024-07-01T00:00:00Z")


def test_its_words_stay_with_it(api: Api, gathered: dict[str, Any], ann: str) -> None:
    changed = put(api, gathered, description="For the board", metadata={"order": "7"})
    assert (changed["description"], changed["metadata"]) == ("For the board", {"order": "7"})
    added = api.ok("POST", pending_lines_of(ann), body(fee(name="More")))["invoice"]
    assert (added["description"], added["metadata"]) == ("For the board", {"order": "7"})
    bare = put(api, added, description=None, metadata=None)
    assert not {"description", "metadata"} & set(bare)


def test_what_is_its_profiles_or_customers_is_not_said_here(api: Api, gathered: dict[str, Any]) -> None:
    workflow = {"workflow": {"invoicing": {"dueAfter": "P7D"}, "payment": {"collectionMethod": "send_invoice"}}}
    faults = refused(
        api,
        gathered,
        supplier={"name": "B", "addresses": [{"country": "FR"}]},
        customer={"name": "C"},
        workflow=workflow,
    )
    assert set(faults) == {
        "/supplier",
        "/customer",
        "/workflow/workflow/invoicing/dueAfter",
        "/workflow/workflow/payment/collectionMethod",
    }
    assert set(faults.values()) == {"gathering_invoice_follows"}


def test_what_an_edit_leaves_out_of_profile_and_customer_says_nothing(api: Api, gathered: dict[str, Any]) -> None:
    bare: dict[str, Any] = {"workflow": {"invoicing": {}, "payment": {}}}
    changed = put(api, gathered, named(gathered, "Setup"), supplier={}, customer={"name": "Ann"}, workflow=bare)
    assert changed["totals"]["total"] == "40.00"
    assert (changed["supplier"], changed["workflow"]) == (gathered["supplier"], gathered["workflow"])


def test_every_fault_of_an_edit_is_named_at_once(api: Api, gathered: dict[str, Any]) -> None:
    setup = named(gathered, "Setup")
    faults = refused(
        api,
        gathered,
        setup | {"rateCard": {"price": None}, "price": None},
        setup,
        fee(id=UNKNOWN),
        usage(rateCard={"price": UNIT, "featureKey": "no"}, invoiceAt="2024-01-02T00:00:00Z"),
        fee(rateCard={"price": FLAT, "taxConfig": {"taxCodeId": UNKNOWN}}),
    )
    assert faults == {
        "/lines/0/rateCard/price": "line_price_required",
        "/lines/1/id": "duplicate_line",
        "/lines/2/id": "unknown_line",
        "/lines/3/rateCard/featureKey": "rate_card_feature_not_found",
        "/lines/3/invoiceAt": "invoice_at_before_end",
        "/lines/4/rateCard/taxConfig/taxCodeId": "tax_code_not_found",
    }


def test_a_line_that_is_on_a_draft_by_now_is_not_billed_twice(api: Api, gathered: dict[str, Any], ann: str) -> None:
    due = put(api, gathered, named(gathered, "Setup") | {"invoiceAt": "2024-03-01T00:00:00Z"})
    [invoice] = api.ok("POST", f"{INVOICES}/invoice", {"customerId": ann})
    assert refused(api, due, named(due, "Setup")) == {"/lines/0/id": "line_on_another_invoice"}
    assert refused(api, gathered, named(gathered, "Extra")) == {"/lines/0/id": "line_taken_off"}
    stranger = api.ok("POST", pending_lines_of(api.run.customer("bob")), body(fee()))["invoice"]
    assert refused(api, due, named(stranger, "Setup")) == {"/lines/0/id": "unknown_line"}
    assert invoice["totals"]["total"] == "40.00"


def test_a_customer_that_is_gone_gets_no_new_lines(api: Api, gathered: dict[str, Any]) -> None:
    empty = api.ok("PUT", f"{INVOICES}/{gathered['id']}", edit_of(gathered, lines=[]))
    with api.run.database.transaction(api.run.namespace) as transaction:
        transaction.execute("UPDATE customers SET deleted_at = now() WHERE namespace = %(namespace)s")
        transaction.commit()
    stored = api.run.everything()
    status, answer = api("PUT", f"{INVOICES}/{gathered['id']}", edit_of(empty, fee()))
    assert (status, answer["code"]) == (409, "customer_deleted")
    assert api.run.everything() == stored


def test_without_its_usage_nothing_of_an_edit_is_kept(api: Api, gathered: dict[str, Any]) -> None:
    stored = api.run.everything()
    api.run.usage.is_down = True
    assert api("PUT", f"{INVOICES}/{gathered['id']}", edit_of(gathered, named(gathered, "Extra")))[0] == 503
    assert api.run.everything() == stored
    # of what is left nobody has to know any usage
    assert put(api, gathered, named(gathered, "Setup"))["totals"]["total"] == "40.00"


def test_other_namespaces_find_no_gathering_invoice_to_edit(
    api: Api, gathered: dict[str, Any], other_namespace: str
) -> None:
    body_ = edit_of(gathered)
    assert api("PUT", f"{INVOICES}/{gathered['id']}", body_, namespace=other_namespace)[0] == 404


def test_a_repeat_with_its_key_is_answered_as_before(api: Api, gathered: dict[str, Any]) -> None:
    path, wanted = f"{INVOICES}/{gathered['id']}", edit_of(gathered, named(gathered, "Setup"), fee(name="New"))
    first = api("PUT", path, wanted, key="once")
    assert first[0] == 200
    stored = api.run.everything()
    assert api("PUT", path, wanted, key="once") == first
    assert api.run.everything() == stored


def test_runs_leave_an_edited_gathering_invoice_as_it_is(api: Api, gathered: dict[str, Any], ann: str) -> None:
    api.run.subscribe(ann)
    put(api, gathered, named(gathered, "Extra"), fee(name="New", invoiceAt=NEXT_YEAR))
    api.run.all(AFTER_JANUARY)
    left = {line.name for line in api.run.pending() if line.subscription is None}
    assert left == {"Extra", "New"}
    done = api.run.everything()
    api.run.all(AFTER_JANUARY)
    assert api.run.everything() == done
    api.run.all(AFTER_FEBRUARY)
    assert {line.name for line in api.run.pending() if line.subscription is None} == left
