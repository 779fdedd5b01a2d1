"""Invoices that a system of the caller's own takes, over HTTP."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.integration.billing.conftest import AFTER_JANUARY, Run
from tests.integration.billing.given import INVOICES, PROFILES, UNKNOWN, problem_fields
from tests.integration.billing.purse import Purse
from tests.integration.payments.given import APPS, AppsApi

CALLS = f"{APPS}/custom-invoicing"


@pytest.fixture
def hooked(api: AppsApi) -> Callable[..., str]:
    """The id of an invoice at a custom invoicing app with these hooks, after one run."""

    def made(*, draft: bool = False, issuing: bool = False, customer: str = "ann") -> str:
        app = api.install("custom_invoicing")
        hooks = {"enableDraftSyncHook": draft, "enableIssuingSyncHook": issuing}
        api.ok("PUT", f"{APPS}/{app['id']}", {"type": "custom_invoicing", "name": "Ours", **hooks})
        api.run.subscribe(api.run.customer(customer))
        assert api.run.all().failed == {}
        return api.run.invoices()[0].id

    return made


def state(api: AppsApi, invoice: str) -> str:
    return str(api.ok("GET", f"{INVOICES}/{invoice}")["statusDetails"]["extendedStatus"])


def test_without_hooks_an_invoice_waits_for_its_payment_alone(api: AppsApi, hooked: Callable[..., str]) -> None:
    invoice = hooked()
    found = api.ok("GET", f"{INVOICES}/{invoice}")
    assert (state(api, invoice), found["number"]) == ("payment_processing.pending", "CUSTOM_INVOICING-000001")
    api.ok("POST", f"{CALLS}/{invoice}/payment/status", {"trigger": "paid"})
    assert state(api, invoice) == "paid"


def test_a_draft_waits_until_it_is_there_and_the_final_invoice_too(
    api: AppsApi, run: Run, hooked: Callable[..., str]
) -> None:
    invoice = hooked(draft=True, issuing=True)
    run.advance(AFTER_JANUARY)
    assert state(api, invoice) == "draft.syncing"
    line = api.ok("GET", f"{INVOICES}/{invoice}")["lines"][0]
    ids = [{"lineId": one, "externalId": f"L-{one[-2:]}"} for one in (line["id"], line["children"][0]["id"])]
    api.ok(
        "POST", f"{CALLS}/{invoice}/draft/synchronized", {"invoicing": {"externalId": "D-1", "lineExternalIds": ids}}
    )
    assert state(api, invoice) == "issuing.syncing"
    said = {
        "invoicing": {"invoiceNumber": "N-7", "sentToCustomerAt": "2024-02-01T00:00:00Z"},
        "payment": {"externalId": "P"},
    }
    api.ok("POST", f"{CALLS}/{invoice}/issuing/synchronized", said)
    done = api.ok("GET", f"{INVOICES}/{invoice}")
    assert (state(api, invoice), done["number"]) == ("payment_processing.pending", "N-7")
    assert done["externalIds"] == {"invoicing": "D-1", "payment": "P"}
    assert done["sentToCustomerAt"] == "2024-02-01T00:00:00Z"
    [shown] = [one for one in done["lines"] if one["id"] == line["id"]]
    assert shown["externalIds"] == {"invoicing": ids[0]["externalId"]}
    assert shown["children"][0]["externalIds"] == {"invoicing": ids[1]["externalId"]}


def test_without_hooks_the_system_still_says_what_it_calls_an_invoice(api: AppsApi, hooked: Callable[..., str]) -> None:
    invoice = hooked()
    path = f"{CALLS}/{invoice}"
    line = api.ok("GET", f"{INVOICES}/{invoice}")["lines"][0]
    names = [{"lineId": line["id"], "externalId": "L-1"}]
    draft = {"invoicing": {"externalId": "D-1", "lineExternalIds": names}}
    final = {"invoicing": {"sentToCustomerAt": "2024-02-01T00:00:00Z"}, "payment": {"externalId": "P"}}
    for call, body in (("issuing", final), ("draft", draft)):
        api.ok("POST", f"{path}/{call}/synchronized", body)
    done = api.ok("GET", f"{INVOICES}/{invoice}")
    assert (state(api, invoice), done["number"]) == ("payment_processing.pending", "CUSTOM_INVOICING-000001")
    assert done["externalIds"] == {"invoicing": "D-1", "payment": "P"}
    assert done["sentToCustomerAt"] == "2024-02-01T00:00:00Z"
    [named] = [one for one in done["lines"] if one["id"] == line["id"]]
    assert named["externalIds"] == {"invoicing": "L-1"}
    stored = api.run.everything()
    echoed = {"invoicing": {"invoiceNumber": "CUSTOM_INVOICING-000001"}}
    for call, body in (("issuing", final), ("draft", draft), ("issuing", echoed), ("issuing", {})):
        api.ok("POST", f"{path}/{call}/synchronized", body)
    assert api.run.everything() == stored


@pytest.mark.parametrize(
    ("call", "body", "field"),
    [
        ("draft", {"invoicing": {"externalId": "D-2"}}, "/invoicing/externalId"),
        ("draft", {"invoicing": {"invoiceNumber": "N-7"}}, "/invoicing/invoiceNumber"),
        ("issuing", {"invoicing": {"invoiceNumber": "N-7"}}, "/invoicing/invoiceNumber"),
        ("issuing", {"invoicing": {"sentToCustomerAt": "2024-02-02T00:00:00Z"}}, "/invoicing/sentToCustomerAt"),
        ("issuing", {"payment": {"externalId": "Q"}}, "/payment/externalId"),
    ],
)
def test_what_is_known_otherwise_is_told_and_nothing_of_it_taken(
    api: AppsApi, hooked: Callable[..., str], call: str, body: dict[str, dict[str, str]], field: str
) -> None:
    path = f"{CALLS}/{hooked()}"
    api.ok("POST", f"{path}/draft/synchronized", {"invoicing": {"externalId": "D-1"}})
    sent = {"sentToCustomerAt": "2024-02-01T00:00:00Z"}
    api.ok("POST", f"{path}/issuing/synchronized", {"invoicing": sent, "payment": {"externalId": "P"}})
    stored = api.run.everything()
    status, answer = api("POST", f"{path}/{call}/synchronized", body)
    assert (status, answer["code"]) == (409, "confirmed_otherwise")
    assert problem_fields(answer) == {field: "confirmed_otherwise"}
    assert api.run.everything() == stored


def test_a_draft_confirmed_again_after_its_final_number_changes_nothing(
    api: AppsApi, run: Run, hooked: Callable[..., str]
) -> None:
    invoice = hooked(draft=True, issuing=True)
    run.advance(AFTER_JANUARY)
    draft = {"invoicing": {"invoiceNumber": "D-1"}}
    api.ok("POST", f"{CALLS}/{invoice}/draft/synchronized", draft)
    api.ok("POST", f"{CALLS}/{invoice}/issuing/synchronized", {"invoicing": {"invoiceNumber": "N-7"}})
    stored = run.everything()
    api.ok("POST", f"{CALLS}/{invoice}/draft/synchronized", draft)
    assert run.everything() == stored
    status, answer = api("POST", f"{CALLS}/{invoice}/issuing/synchronized", draft)
    assert (status, problem_fields(answer)) == (409, {"/invoicing/invoiceNumber": "confirmed_otherwise"})


def test_a_line_whose_taxes_nobody_told_in_time_is_said_to_have_none(api: AppsApi, hooked: Callable[..., str]) -> None:
    invoice = hooked()
    line = api.ok("GET", f"{INVOICES}/{invoice}")["lines"][0]
    late = {"invoicing": {"lineTaxes": [{"lineId": line["id"], "exclusive": "1.9"}]}}
    status, answer = api("POST", f"{CALLS}/{invoice}/draft/synchronized", late)
    [problem] = answer["extensions"]["validationErrors"]
    assert (status, problem["field"]) == (409, "/invoicing/lineTaxes")
    assert problem["message"] == f"line {line['id']} has none: they are taken while its draft is waited for"


def test_without_hooks_a_draft_that_waits_for_approval_takes_its_number(
    api: AppsApi, run: Run, hooked: Callable[..., str]
) -> None:
    hooked()
    [profile] = [one for one in api.ok("GET", PROFILES)["items"] if one["default"]]
    other = {"name": "Slow", "supplier": profile["supplier"], "default": True, "apps": ids_of(profile["apps"])}
    api.ok("POST", PROFILES, other | {"workflow": {"invoicing": {"autoAdvance": False}}})
    run.subscribe(run.customer("bob"))
    run.all()
    [draft] = api.ok("GET", INVOICES, query="statuses=draft")["items"]
    api.ok("POST", f"{CALLS}/{draft['id']}/draft/synchronized", {"invoicing": {"invoiceNumber": "N-7"}})
    approved = api.ok("POST", f"{INVOICES}/{draft['id']}/approve")
    assert (approved["number"], approved["status"]) == ("N-7", "payment_processing")
    other_number = {"invoicing": {"invoiceNumber": "N-8"}}
    status, refused = api("POST", f"{CALLS}/{draft['id']}/draft/synchronized", other_number)
    assert (status, refused["code"]) == (409, "confirmed_otherwise")


def ids_of(apps: dict[str, dict[str, str]]) -> dict[str, str]:
    return {task: app["id"] for task, app in apps.items()}


def test_the_system_tells_what_taxes_lines_have(api: AppsApi, hooked: Callable[..., str]) -> None:
    invoice = hooked(draft=True, issuing=True)
    line = api.ok("GET", f"{INVOICES}/{invoice}")["lines"][0]

    def told(**taxes: str) -> dict[str, Any]:
        return {"invoicing": {"lineTaxes": [{"lineId": line["id"], **taxes}]}}

    status, problem = api("POST", f"{CALLS}/{invoice}/draft/synchronized", told(exclusive="0.001"))
    assert (status, problem_fields(problem)) == (400, {"/invoicing/lineTaxes": "tax_impossible"})
    api.ok("POST", f"{CALLS}/{invoice}/draft/synchronized", told(exclusive="1.9"))
    [after] = [one for one in api.ok("GET", f"{INVOICES}/{invoice}")["lines"] if one["id"] == line["id"]]
    assert (after["totals"]["taxesTotal"], after["taxes"]) == ("1.90", [{"behavior": "exclusive"}])


def test_calls_that_are_repeated_change_nothing(api: AppsApi, run: Run, hooked: Callable[..., str]) -> None:
    invoice = hooked(draft=True, issuing=True)
    for call, body in (
        ("draft/synchronized", {"invoicing": {"externalId": "D-1"}}),
        ("issuing/synchronized", {}),
        ("payment/status", {"trigger": "payment_failed"}),
        ("payment/status", {"trigger": "paid"}),
    ):
        api.ok("POST", f"{CALLS}/{invoice}/{call}", body)
        before = run.everything()
        api.ok("POST", f"{CALLS}/{invoice}/{call}", body)
        assert run.everything() == before
    assert state(api, invoice) == "paid"


@pytest.mark.parametrize(
    ("triggers", "ends"),
    [
        (["paid"], "paid"),
        (["payment_failed", "payment_overdue", "payment_failed"], "payment_processing.failed"),
        (["payment_uncollectible"], "uncollectible"),
        (["payment_overdue"], "overdue"),
        (["action_required", "payment_overdue", "action_required"], "payment_processing.action_required"),
        (["void"], "voided"),
        (["payment_overdue", "void"], "voided"),
    ],
)
def test_what_became_of_the_payment_is_told(
    api: AppsApi, hooked: Callable[..., str], triggers: list[str], ends: str
) -> None:
    invoice = hooked()
    for trigger in triggers:
        api.ok("POST", f"{CALLS}/{invoice}/payment/status", {"trigger": trigger})
    assert state(api, invoice) == ends


def test_calls_come_in_their_order(api: AppsApi, hooked: Callable[..., str]) -> None:
    invoice = hooked(draft=True, issuing=True)
    for call, body in (("issuing/synchronized", {}), ("payment/status", {"trigger": "paid"})):
        status, answer = api("POST", f"{CALLS}/{invoice}/{call}", body)
        assert (status, answer["code"]) == (409, "invoice_state")
    for call in ("draft/synchronized", "issuing/synchronized"):
        api.ok("POST", f"{CALLS}/{invoice}/{call}", {})
    api.ok("POST", f"{CALLS}/{invoice}/payment/status", {"trigger": "paid"})
    for trigger in ("void", "payment_failed"):
        status, answer = api("POST", f"{CALLS}/{invoice}/payment/status", {"trigger": trigger})
        assert (status, answer["code"]) == (409, "invoice_state")


@pytest.mark.parametrize(
    ("call", "body", "faults"),
    [
        ("draft/synchronized", {"invoicing": {"lineExternalIds": [{"lineId": UNKNOWN, "externalId": "x"}]}}, None),
        ("draft/synchronized", {"invoicing": {"lineExternalIds": [{"lineId": UNKNOWN}]}}, {"externalId": "missing"}),
        (
            "draft/synchronized",
            {"invoicing": {"invoiceNumber": "sandbox-000009"}},
            {"invoiceNumber": "reserved_number"},
        ),
        (
            "draft/synchronized",
            {"invoicing": {"externalId": ""}, "x": 1},
            {"externalId": "string_too_short", "x": "extra_forbidden"},
        ),
        ("payment/status", {"trigger": "authorized"}, {"trigger": "enum"}),
        ("payment/status", {}, {"trigger": "missing"}),
    ],
)
def test_every_fault_of_a_call_is_named(
    api: AppsApi, hooked: Callable[..., str], call: str, body: object, faults: dict[str, str] | None
) -> None:
    status, answer = api("POST", f"{CALLS}/{hooked(draft=True)}/{call}", body)
    found = {field.rpartition("/")[2]: code for field, code in problem_fields(answer).items()}
    assert (status, found) == (400, faults or {"invoicing": "unknown_part"})


def test_a_number_is_given_once(api: AppsApi, run: Run, hooked: Callable[..., str]) -> None:
    first = hooked(draft=True)
    api.ok("POST", f"{CALLS}/{first}/draft/synchronized", {"invoicing": {"invoiceNumber": "N-1"}})
    run.subscribe(run.customer("bob"))
    run.all()
    [second] = [one.id for one in run.invoices() if one.id != first]
    status, answer = api("POST", f"{CALLS}/{second}/draft/synchronized", {"invoicing": {"invoiceNumber": "N-1"}})
    assert (status, answer["code"]) == (409, "invoice_number_taken")
    api.ok("POST", f"{CALLS}/{second}/draft/synchronized", {})
    assert api.ok("GET", f"{INVOICES}/{second}")["number"] == "CUSTOM_INVOICING-000001"


@pytest.mark.parametrize(
    ("call", "body"),
    [("draft/synchronized", {}), ("issuing/synchronized", {}), ("payment/status", {"trigger": "paid"})],
)
def test_an_invoice_of_another_app_is_not_the_systems(
    api: AppsApi, run: Run, other_namespace: str, call: str, body: dict[str, Any]
) -> None:
    run.subscribe(run.customer("ann"))
    run.all()
    [invoice] = run.invoices()
    status, answer = api("POST", f"{CALLS}/{invoice.id}/{call}", body)
    assert (status, problem_fields(answer)) == (400, {"path:invoiceId": "another_app"})
    for unknown, namespace in ((UNKNOWN, None), (invoice.id, other_namespace)):
        assert api("POST", f"{CALLS}/{unknown}/{call}", body, namespace=namespace)[0] == 404


def test_an_invoice_of_which_nothing_is_due_waits_for_nobodys_payment(
    api: AppsApi, hooked: Callable[..., str], run: Run
) -> None:
    paying = hooked()
    free = run.customer("bob")
    Purse(run).grant(free, 1000)
    run.subscribe(free)
    run.all()
    [invoice] = [one for one in run.invoices() if one.customer_id == free]
    assert (invoice.totals.total, invoice.state.value, invoice.payment_attempt) == (Decimal(0), "paid", 1)
    assert state(api, paying) == "payment_processing.pending"


def test_what_is_said_of_an_attempt_that_is_over_does_not_touch_the_next(
    api: AppsApi, hooked: Callable[..., str]
) -> None:
    invoice = hooked()
    path, failed = f"{CALLS}/{invoice}/payment/status", "payment_processing.failed"
    for trigger in ("payment_failed", "paid"):
        status, answer = api("POST", path, {"trigger": trigger, "attempt": 2})
        assert (status, problem_fields(answer)) == (400, {"/attempt": "attempt_unknown"})
    assert state(api, invoice) == "payment_processing.pending"
    api.ok("POST", path, {"trigger": "payment_failed", "attempt": 1})
    assert state(api, invoice) == failed
    api.ok("POST", f"{INVOICES}/{invoice}/retry")
    assert api("POST", path, {"trigger": "payment_failed", "attempt": 1})[1]["code"] == "invoice_state"
    assert state(api, invoice) == "payment_processing.pending"
    [said] = api.run.rows("SELECT max(data->>'paymentAttempt') AS n FROM outbox WHERE namespace = %(namespace)s")
    assert said["n"] == "2"
    api.ok("POST", path, {"trigger": "payment_failed", "attempt": 2})
    assert state(api, invoice) == failed
    api.ok("POST", path, {"trigger": "paid", "attempt": 1})
    assert state(api, invoice) == "paid", "money of an attempt that was thought over is there all the same"
