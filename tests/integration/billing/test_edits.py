"""Drafts edited by hand, on the real database."""

from typing import Any

import pytest

from meterhouse.catalog.known_features import KnownFeatures
from meterhouse.subscriptions.patch import AddItem, Moment
from meterhouse.subscriptions.patching import patched
from tests.integration.billing.conftest import AFTER_FEBRUARY, AFTER_JANUARY, Run
from tests.integration.billing.given import DISCARD, INVOICES, UNKNOWN, Api, problem_fields
from tests.integration.billing.test_manual_lines import FLAT, UNIT, fee, usage
from tests.unit.billing.samples import FakeApp
from tests.unit.subscriptions.samples import at
from tests.unit.subscriptions.samples import fee as flat_fee

PARTY = ("key", "name", "taxId", "addresses")
LINE = ("id", "name", "description", "metadata", "period", "invoiceAt", "rateCard", "price", "featureKey", "taxConfig")


def chosen(document: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: document[name] for name in names if name in document}


def edit_of(invoice: dict[str, Any], *lines: dict[str, Any], **changes: object) -> dict[str, Any]:
    """What a caller sends back of what it was shown; with `lines` in place of the invoice's."""
    settings = invoice["workflow"]["workflow"]
    invoicing = {name: value for name, value in settings["invoicing"].items() if name != "progressiveBilling"}
    return {
        **chosen(invoice, ("description", "metadata")),
        "supplier": chosen(invoice["supplier"], PARTY),
        "customer": chosen(invoice["customer"], PARTY),
        "lines": [*lines] or [chosen(line, LINE) for line in invoice["lines"]],
        "workflow": {"workflow": {"invoicing": invoicing, "payment": settings["payment"]}},
        **changes,
    }


@pytest.fixture
def draft(api: Api) -> dict[str, Any]:
    """A draft that waits for approval: 20 for January, 20 for February, 12 units of January for 6."""
    api.without_auto_advance()
    ann = api.run.customer("ann")
    api.run.subscribe(ann)
    api.run.used(ann, "2024-01-01", "12")
    api.run.all()
    [waiting] = api.ok("GET", INVOICES, query="statuses=draft&expand=lines")["items"]
    assert waiting["statusDetails"]["extendedStatus"] == "draft.manual_approval_needed"
    shown: dict[str, Any] = waiting
    return shown


def lines_of(invoice: dict[str, Any], *, metered: bool) -> list[dict[str, Any]]:
    return [chosen(line, LINE) for line in invoice["lines"] if ("featureKey" in line) is metered]


def put(api: Api, invoice: dict[str, Any], *lines: dict[str, Any], **changes: object) -> Any:
    return api.ok("PUT", f"{INVOICES}/{invoice['id']}", edit_of(invoice, *lines, **changes))


def transitions(run: Run) -> list[str]:
    rows = run.rows("SELECT target FROM invoice_transitions ORDER BY number")
    return [row["target"] for row in rows]


def test_what_was_shown_and_sent_back_changes_nothing(api: Api, draft: dict[str, Any]) -> None:
    stored = api.run.everything()
    api.run.now = at("2024-07-01")
    assert put(api, draft) == draft
    assert api.run.everything() == stored


def test_an_edited_line_is_the_callers_and_is_rated_again(api: Api, draft: dict[str, Any]) -> None:
    [metered] = lines_of(draft, metered=True)
    first, second = lines_of(draft, metered=False)
    price = UNIT | {"amount": "0.25"}
    cheaper = metered | {"rateCard": metered["rateCard"] | {"price": price}, "price": price}
    before = len(transitions(api.run))
    changed = put(api, draft, first, second, cheaper, fee())
    by_name = {line["id"]: line for line in changed["lines"]}
    assert by_name[metered["id"]]["managedBy"] == "manual"
    assert by_name[metered["id"]]["totals"]["total"] == "3.00"
    assert by_name[metered["id"]]["subscription"]
    assert by_name[first["id"]]["managedBy"] == by_name[second["id"]]["managedBy"] == "subscription"
    assert changed["totals"]["total"] == "83.00"
    assert changed["statusDetails"]["extendedStatus"] == "draft.manual_approval_needed"
    assert transitions(api.run)[before:][:2] == ["draft.updating", "draft.waiting_for_collection"]
    stored = api.run.everything()
    assert put(api, changed) == changed
    assert api.run.everything() == stored


def test_a_repeated_edit_adds_its_new_lines_once(api: Api, draft: dict[str, Any]) -> None:
    kept = [chosen(line, LINE) for line in draft["lines"]]
    [first, second, third], other = [fee(), fee(), usage()], fee(name="Other")
    changed = put(api, draft, *kept, first, second, third)
    stored = api.run.everything()
    with api.run.database.transaction(api.run.namespace) as transaction:
        transaction.execute("UPDATE features SET archived_at = now() WHERE namespace = %(namespace)s")
        transaction.commit()
    assert put(api, draft, *kept, third, first, second) == changed
    assert api.run.everything() == stored
    fewer = put(api, draft, *kept, second, other)
    assert [line["name"] for line in fewer["lines"]].count("Setup") == 1


def test_a_line_of_a_subscription_that_is_said_again_without_its_id_becomes_the_callers(
    api: Api, draft: dict[str, Any]
) -> None:
    first, *rest = lines_of(draft, metered=False)
    own = {name: value for name, value in first.items() if name != "id"}
    changed = put(api, draft, own, *rest)
    assert first["id"] not in {line["id"] for line in changed["lines"]}
    assert sorted(line["managedBy"] for line in changed["lines"]) == ["manual", "subscription"]


def test_what_was_edited_is_not_synced_any_more(api: Api, draft: dict[str, Any]) -> None:
    first, *rest = [chosen(line, LINE) for line in draft["lines"]]
    put(api, draft, first | {"name": "Mine"}, *rest[:-1])
    stored = api.run.rows("SELECT * FROM invoice_lines WHERE NOT is_pending ORDER BY id")
    api.run.sync()
    api.run.sync(AFTER_FEBRUARY)
    assert api.run.rows("SELECT * FROM invoice_lines WHERE NOT is_pending ORDER BY id") == stored
    again = {line.key for line in api.run.pending()}
    assert not again & {row["key"] for row in stored}


def test_a_line_taken_off_is_shown_to_who_asks_and_never_billed(api: Api, draft: dict[str, Any]) -> None:
    [metered] = lines_of(draft, metered=True)
    changed = put(api, draft, *lines_of(draft, metered=False))
    assert changed["totals"]["total"] == "40.00"
    assert metered["id"] not in {line["id"] for line in changed["lines"]}
    path = f"{INVOICES}/{draft['id']}"
    assert len(api.ok("GET", path)["lines"]) == 2
    *_, deleted = api.ok("GET", path, query="includeDeletedLines=true&expand=lines")["lines"]
    assert (deleted["id"], deleted["deletedAt"]) == (metered["id"], "2024-06-01T00:00:00Z")
    paid = api.ok("POST", f"{path}/approve")
    assert (paid["status"], paid["totals"]["total"]) == ("paid", "40.00")
    api.run.all(AFTER_JANUARY)
    assert metered["id"] not in {line.id for line in api.run.pending()}
    stored = api.run.rows("SELECT is_live FROM invoice_lines WHERE deleted_at IS NOT NULL")
    assert [row["is_live"] for row in stored] == [True]


def test_a_draft_without_lines_is_deleted_when_it_is_approved(api: Api, draft: dict[str, Any]) -> None:
    empty = api.ok("PUT", f"{INVOICES}/{draft['id']}", edit_of(draft, lines=[]))
    assert (empty["lines"], empty["totals"]["total"]) == ([], "0")
    api.ok("POST", f"{INVOICES}/{draft['id']}/approve")
    assert api.ok("GET", f"{INVOICES}/{draft['id']}")["statusDetails"]["extendedStatus"] == "deleted"


def test_parties_terms_and_words_are_the_callers(api: Api, draft: dict[str, Any]) -> None:
    invoicing = {"dueAfter": "P7D", "autoAdvance": True}
    workflow = {"workflow": {"invoicing": invoicing, "payment": {"collectionMethod": "send_invoice"}}}
    changed = put(
        api,
        draft,
        supplier={"name": "Branch", "addresses": [{"country": "FR"}], "taxId": {"code": "FR1"}},
        customer={"name": "Ann Inc", "key": "ann-inc"},
        workflow=workflow,
        description="As agreed",
        metadata={"order": "7"},
    )
    assert (changed["supplier"]["name"], changed["supplier"]["taxId"]) == ("Branch", {"code": "FR1"})
    assert (changed["customer"]["id"], changed["customer"]["name"]) == (draft["customer"]["id"], "Ann Inc")
    assert "addresses" not in changed["customer"]
    assert (changed["description"], changed["metadata"]) == ("As agreed", {"order": "7"})
    settings = changed["workflow"]["workflow"]
    assert (settings["payment"]["collectionMethod"], settings["invoicing"]["dueAfter"]) == ("send_invoice", "P7D")
    assert settings["collection"] == draft["workflow"]["workflow"]["collection"]
    # with auto advance on, nothing holds it any more
    assert (changed["status"], changed["dueAt"]) == ("paid", "2024-06-08T00:00:00Z")
    assert api.ok("GET", f"{INVOICES}/{draft['id']}") == changed


def test_a_prorated_fee_keeps_its_share_until_its_price_is_another(api: Api) -> None:
    api.without_auto_advance()
    ann = api.run.customer("ann")
    api.run.subscribe(ann)
    api.run.all(at("2024-01-01"))
    with api.run.database.transaction(api.run.namespace) as transaction:
        transaction.execute("UPDATE invoice_lines SET service_end = '2024-01-16' WHERE namespace = %(namespace)s")
        transaction.commit()
    [draft] = api.ok("GET", INVOICES, query="statuses=draft&expand=lines")["items"]
    [line] = lines_of(draft, metered=False)
    named = put(api, draft, line | {"name": "Half of it"})
    assert named["totals"]["total"] == "9.68"
    price = FLAT | {"amount": "15"}
    [line] = lines_of(named, metered=False)
    priced = put(api, named, line | {"rateCard": {"price": price}, "price": price})
    assert priced["totals"]["total"] == "15.00"


def test_new_usage_is_waited_for_before_the_draft_goes_on(api: Api, draft: dict[str, Any]) -> None:
    late = usage(invoiceAt="2024-06-01T00:00:00Z")
    changed = put(api, draft, *lines_of(draft, metered=False), late)
    assert changed["statusDetails"]["extendedStatus"] == "draft.waiting_for_collection"
    assert changed["collectionAt"] == "2024-06-01T01:00:00Z"
    assert "quantitySnapshotedAt" not in changed
    api.run.now = at("2024-06-01T01:00:00Z")
    advanced = api.ok("POST", f"{INVOICES}/{draft['id']}/advance")
    assert (advanced["totals"]["total"], advanced["quantitySnapshotedAt"]) == ("46.00", "2024-06-01T01:00:00Z")


def test_a_refused_draft_is_mended_by_an_edit(api: Api) -> None:
    api.run.app = FakeApp(refuses={"sync"})
    api.run.subscribe(api.run.customer("ann"))
    api.run.all()
    [failed] = api.ok("GET", INVOICES, query="extendedStatuses=draft.sync_failed&expand=lines")["items"]
    api.run.app = FakeApp()
    changed = put(api, failed, description="Now with a word")
    assert changed["status"] == "payment_processing"
    assert "validationIssues" not in changed


def test_a_sold_feature_that_was_archived_stays_on_its_line(api: Api, draft: dict[str, Any]) -> None:
    with api.run.database.transaction(api.run.namespace) as transaction:
        transaction.execute("UPDATE features SET archived_at = now() WHERE namespace = %(namespace)s")
        transaction.commit()
    [metered] = lines_of(draft, metered=True)
    changed = put(api, draft, metered | {"name": "Renamed"})
    assert (changed["lines"][0]["name"], changed["totals"]["total"]) == ("Renamed", "6.00")
    status, answer = api("PUT", f"{INVOICES}/{draft['id']}", edit_of(changed, usage()))
    assert (status, problem_fields(answer)) == (400, {"/lines/0/rateCard/featureKey": "rate_card_feature_archived"})


def test_every_fault_of_an_edit_is_named_at_once(api: Api, draft: dict[str, Any]) -> None:
    first, *_ = lines_of(draft, metered=False)
    wrong = edit_of(
        draft,
        first | {"rateCard": {"price": None}, "price": None},
        first,
        fee(id=UNKNOWN),
        usage(rateCard={"price": UNIT, "featureKey": "no"}, invoiceAt="2024-01-02T00:00:00Z"),
        supplier={},
    )
    stored = api.run.everything()
    status, answer = api("PUT", f"{INVOICES}/{draft['id']}", wrong)
    assert status == 400
    assert problem_fields(answer) == {
        "/supplier/name": "required",
        "/supplier/addresses/0/country": "required",
        "/lines/0/rateCard/price": "line_price_required",
        "/lines/1/id": "duplicate_line",
        "/lines/2/id": "unknown_line",
        "/lines/3/rateCard/featureKey": "rate_card_feature_not_found",
        "/lines/3/invoiceAt": "invoice_at_before_end",
    }
    assert api.run.everything() == stored


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"supplier": None}, {"/supplier": "model_attributes_type"}),
        ({"customer": {"id": UNKNOWN}}, {"/customer/id": "extra_forbidden"}),
        ({"customer": {"name": 7}}, {"/customer/name": "string_type"}),
        ({"lines": None}, {"/lines": "list_type"}),
        ({"lines": [fee(quantity="2")]}, {"/lines/0/quantity": "extra_forbidden"}),
        ({"workflow": {}}, {"/workflow/workflow": "missing"}),
        (
            {"workflow": {"workflow": {"invoicing": {"draftPeriod": "soon"}}}},
            {"/workflow/workflow/invoicing/draftPeriod": "duration", "/workflow/workflow/payment": "missing"},
        ),
        ({"currency": "EUR"}, {"/currency": "extra_forbidden"}),
        ({"metadata": {"a": 1}}, {"/metadata/a": "string_type"}),
    ],
)
def test_an_edit_that_is_none_is_refused(
    api: Api, draft: dict[str, Any], changes: dict[str, object], faults: dict[str, str]
) -> None:
    status, answer = api("PUT", f"{INVOICES}/{draft['id']}", edit_of(draft) | changes)
    assert (status, problem_fields(answer)) == (400, faults)


def test_what_is_no_draft_any_more_is_not_edited(api: Api, draft: dict[str, Any], other_namespace: str) -> None:
    body = edit_of(draft)
    assert api("PUT", f"{INVOICES}/{UNKNOWN}", body)[0] == 404
    assert api("PUT", f"{INVOICES}/{draft['id']}", body, namespace=other_namespace)[0] == 404
    api.ok("POST", f"{INVOICES}/{draft['id']}/approve")
    status, answer = api("PUT", f"{INVOICES}/{draft['id']}", body)
    assert (status, answer["code"]) == (409, "invoice_state")


def test_without_its_usage_nothing_of_an_edit_is_kept(api: Api, draft: dict[str, Any]) -> None:
    stored = api.run.everything()
    api.run.usage.is_down = True
    assert api("PUT", f"{INVOICES}/{draft['id']}", edit_of(draft, description="x"))[0] == 503
    assert api.run.everything() == stored


def test_an_edited_line_that_was_voided_comes_back_as_the_callers(api: Api, draft: dict[str, Any]) -> None:
    api.run.app = FakeApp()
    first, *rest = [chosen(line, LINE) for line in draft["lines"]]
    put(api, draft, first | {"name": "Mine"}, *rest)
    api.ok("POST", f"{INVOICES}/{draft['id']}/approve")
    pending = DISCARD | {"action": {"percentage": 100, "action": {"type": "pending"}}}
    api.ok("POST", f"{INVOICES}/{draft['id']}/void", pending)
    api.run.sync()
    names = {line.name: line.managed_by.value for line in api.run.pending() if line.revision == 1}
    assert names["Mine"] == "manual"


def test_a_whole_period_at_an_edited_price_is_taken_off_what_follows_for_it(api: Api) -> None:
    run = api.run
    api.without_auto_advance()
    agreed = run.subscribe(run.customer("ann"), flat_fee(amount="30"), start="2024-04-01")
    run.all(at("2024-04-01T02:00:00Z"))
    [draft] = api.ok("GET", INVOICES, query="statuses=draft&expand=lines")["items"]
    price = FLAT | {"amount": "25"}
    [line] = lines_of(draft, metered=False)
    put(api, draft, line | {"rateCard": line["rateCard"] | {"price": price}, "price": price})
    issued = api.ok("POST", f"{INVOICES}/{draft['id']}/approve")
    assert issued["totals"]["total"] == "25.00"
    edited = at("2024-04-16")
    run.change(patched(agreed, [AddItem("default", flat_fee(amount="50"))], Moment(edited, edited, KnownFeatures())))
    run.all(edited)
    [following] = api.ok("GET", INVOICES, query="statuses=draft&expand=lines")["items"]
    assert following["totals"]["total"] == "12.50"
