"""Installed apps over HTTP."""

import pytest

from tests.integration.billing.conftest import Run
from tests.integration.billing.given import PROFILES, UNKNOWN, problem_fields
from tests.integration.payments.given import APPS, LISTINGS, AppsApi

HOOKS = {"enableDraftSyncHook": True, "enableIssuingSyncHook": False}
CAPABILITIES = ["calculateTax", "invoiceCustomers", "collectPayments"]


def custom(**changes: object) -> dict[str, object]:
    return {"type": "custom_invoicing", "name": "Ours", **HOOKS} | changes


def test_what_is_listed_says_what_it_can_and_how_it_is_installed(api: AppsApi) -> None:
    listed = api.ok("GET", LISTINGS)
    assert [one["type"] for one in listed["items"]] == ["stripe", "sandbox", "custom_invoicing"]
    assert api.ok("GET", LISTINGS, query="page=2&pageSize=2")["items"] == listed["items"][2:]
    stripe = api.ok("GET", f"{LISTINGS}/stripe")
    assert stripe["installMethods"] == ["with_api_key"]
    assert [one["type"] for one in stripe["capabilities"]] == CAPABILITIES
    status, answer = api("GET", f"{LISTINGS}/paypal")
    assert (status, problem_fields(answer)) == (400, {"path:type": "enum"})


def test_a_namespace_has_its_sandbox_before_anybody_asks(api: AppsApi) -> None:
    listed = api.ok("GET", APPS)
    [sandbox] = listed["items"]
    assert (listed["totalCount"], sandbox["type"], sandbox["status"]) == (1, "sandbox", "ready")
    assert api.ok("GET", f"{APPS}/{sandbox['id']}") == sandbox
    [default] = api.ok("GET", PROFILES, query="expand=apps")["items"]
    assert default["apps"] == {"tax": sandbox, "invoicing": sandbox, "payment": sandbox}
    assert api.install("sandbox") == sandbox
    assert api.ok("GET", APPS)["totalCount"] == 1


def test_the_first_app_takes_the_place_of_the_sandbox_and_the_next_do_not(api: AppsApi) -> None:
    first = api.ok("POST", f"{LISTINGS}/custom_invoicing/install", {"name": "Ours"})
    assert first["defaultForCapabilityTypes"] == CAPABILITIES
    second = api.ok("POST", f"{LISTINGS}/custom_invoicing/install", {})
    assert (second["app"]["name"], second["defaultForCapabilityTypes"]) == ("Custom invoicing", [])
    third = api.ok("POST", f"{LISTINGS}/custom_invoicing/install", {"createBillingProfile": False})
    profiles = {one["apps"]["tax"]["id"]: one["default"] for one in api.ok("GET", PROFILES)["items"]}
    assert profiles == {api.sandbox()["id"]: False, first["app"]["id"]: True, second["app"]["id"]: False}
    assert third["app"]["id"] not in profiles
    installed = api.run.rows("SELECT subject FROM outbox WHERE type = 'app.installed' ORDER BY occurred_at")
    assert {row["subject"] for row in installed} == {f"app/{one['app']['id']}" for one in (first, second, third)}


def test_who_installs_again_is_told_whether_the_app_is_the_default(api: AppsApi) -> None:
    again = f"{LISTINGS}/sandbox/install"
    assert api.ok("POST", again, {})["defaultForCapabilityTypes"] == CAPABILITIES
    api.install("custom_invoicing")
    assert api.ok("POST", again, {})["defaultForCapabilityTypes"] == []


def test_an_app_is_renamed_and_set_but_stays_of_its_type(api: AppsApi) -> None:
    app = api.install("custom_invoicing")
    assert (app["enableDraftSyncHook"], app["enableIssuingSyncHook"]) == (False, False)
    changed = api.ok("PUT", f"{APPS}/{app['id']}", custom(description="d", metadata={"a": "b"}))
    assert changed["enableDraftSyncHook"]
    assert (changed["name"], changed["description"], changed["metadata"]) == ("Ours", "d", {"a": "b"})
    assert api.ok("GET", f"{APPS}/{app['id']}") == changed
    status, answer = api("PUT", f"{APPS}/{app['id']}", {"type": "sandbox", "name": "S"})
    assert (status, problem_fields(answer)) == (400, {"/type": "app_type"})


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        (custom(name="", description=7), {"/name": "string_too_short", "/description": "string_type"}),
        (custom(status="ready"), {"/status": "extra_forbidden"}),
        ({"type": "custom_invoicing", "name": "x"}, dict.fromkeys(map("/{}".format, HOOKS), "missing")),
        ({"type": "paypal", "name": "x"}, {"": "union_tag_invalid"}),
    ],
)
def test_every_fault_of_a_change_is_named(api: AppsApi, body: object, faults: dict[str, str]) -> None:
    status, answer = api("PUT", f"{APPS}/{api.install('custom_invoicing')['id']}", body)
    assert (status, problem_fields(answer)) == (400, faults)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_nobody_sees_an_app_that_is_unknown_or_of_others(api: AppsApi, other_namespace: str, method: str) -> None:
    body = custom() if method == "PUT" else None
    ours = api.install("custom_invoicing")["id"]
    for app_id, namespace in ((UNKNOWN, None), ("x", None), (ours, other_namespace)):
        assert api(method, f"{APPS}/{app_id}", body, namespace=namespace)[0] == 404
    assert api("GET", APPS, namespace=other_namespace)[1]["totalCount"] == 1


def test_an_app_that_a_profile_or_an_invoice_needs_is_not_uninstalled(api: AppsApi, run: Run) -> None:
    app = api.install("custom_invoicing")
    assert api("DELETE", f"{APPS}/{app['id']}")[1]["code"] == "app_in_use"
    customer = run.customer("ann")
    run.subscribe(customer)
    run.all()
    sandbox = api.sandbox()["id"]
    api.ok("POST", PROFILES, api.one_app(sandbox, default=True))
    [theirs] = [one for one in api.ok("GET", PROFILES)["items"] if one["apps"]["tax"]["id"] == app["id"]]
    [invoice] = run.invoices()
    assert (invoice.app_id, invoice.state.value) == (app["id"], "payment_processing.pending")
    api.ok("POST", f"{APPS}/custom-invoicing/{invoice.id}/payment/status", {"trigger": "payment_uncollectible"})
    api.ok("DELETE", f"{PROFILES}/{theirs['id']}")
    # it may still be paid: the app is needed
    assert api("DELETE", f"{APPS}/{app['id']}")[1]["code"] == "app_in_use"
    api.ok("POST", f"{APPS}/custom-invoicing/{invoice.id}/payment/status", {"trigger": "paid"})
    for _ in range(2):
        api.ok("DELETE", f"{APPS}/{app['id']}")
    assert [one["id"] for one in api.ok("GET", APPS)["items"]] == [sandbox]
    gone = api.ok("GET", f"{APPS}/{app['id']}")
    assert gone["deletedAt"]
    assert api("PUT", f"{APPS}/{app['id']}", custom())[1]["code"] == "app_uninstalled"
    shown = api.ok("GET", f"/api/v1/billing/invoices/{invoice.id}", query="expand=workflow.apps")
    assert shown["workflow"]["apps"]["payment"] == gone
    status, answer = api("POST", PROFILES, api.one_app(app["id"]))
    assert (status, set(problem_fields(answer).values())) == (400, {"unknown_app"})


def test_the_sandbox_is_needed_while_no_profile_takes_its_place(api: AppsApi) -> None:
    assert api("DELETE", f"{APPS}/{api.sandbox()['id']}")[1]["code"] == "app_in_use"
    [default] = api.ok("GET", PROFILES)["items"]
    assert default["apps"]["tax"]["id"] == api.sandbox()["id"]


def test_the_sandbox_too_is_uninstalled_and_installed_again(api: AppsApi) -> None:
    sandbox = api.sandbox()["id"]
    api.install("custom_invoicing")
    [old] = [one for one in api.ok("GET", PROFILES)["items"] if one["apps"]["tax"]["id"] == sandbox]
    api.ok("DELETE", f"{PROFILES}/{old['id']}")
    api.ok("DELETE", f"{APPS}/{sandbox}")
    assert sandbox not in {one["id"] for one in api.ok("GET", APPS)["items"]}
    again = api.install("sandbox", createBillingProfile=False)
    assert (again["id"], "deletedAt" in again) == (sandbox, False)


def test_one_app_does_all_tasks_of_a_profile(api: AppsApi) -> None:
    app, sandbox = api.install("custom_invoicing", createBillingProfile=False)["id"], api.sandbox()["id"]
    wanted = {"tax": sandbox, "invoicing": app, "payment": UNKNOWN}
    status, answer = api("POST", PROFILES, api.one_app(app, apps=wanted, supplier={"name": ""}))
    assert status == 400
    assert problem_fields(answer) == {
        "/supplier/name": "required",
        "/supplier/addresses/0/country": "required",
        "/apps/tax": "several_apps",
        "/apps/payment": "unknown_app",
    }
    made = api.ok("POST", PROFILES, api.one_app(app))
    assert api.ok("GET", f"{PROFILES}/{made['id']}", query="expand=apps")["apps"]["tax"]["type"] == "custom_invoicing"


def test_each_app_is_installed_in_its_own_way(api: AppsApi) -> None:
    for kind, way, body in (
        ("stripe", "install", {}),
        ("sandbox", "install/apikey", {"apiKey": "key/acct"}),
        ("custom_invoicing", "install/apikey", {"apiKey": "key/acct"}),
    ):
        status, answer = api("POST", f"{LISTINGS}/{kind}/{way}", body)
        assert (status, problem_fields(answer)) == (400, {"path:type": "install_method"})
    for way in ("install/oauth2", "install/oauth2/authorize"):
        status, answer = api("GET", f"{LISTINGS}/stripe/{way}", query="state=x&code=y" if "auth" in way else "")
        assert (status, problem_fields(answer)) == (400, {"path:type": "install_method"})
