"""Customers pinned to billing profiles, on the real database."""

from typing import Any

import pytest

from meterhouse.billing.postgres import PostgresBilling
from meterhouse.platform.postgres import Database
from tests.integration.billing.conftest import AFTER_JANUARY, Run
from tests.integration.billing.given import INVOICES, PROFILES, UNKNOWN, Api, problem_fields
from tests.unit.subscriptions.samples import at

CUSTOMERS = "/api/v1/billing/customers"
MIDMONTH = {"interval": "MONTH", "anchor": "2024-01-15T00:00:00Z"}
ANCHORED = {"type": "anchored", "recurringPeriod": MIDMONTH}


@pytest.fixture
def ann(run: Run) -> str:
    return run.customer("ann", primary_email="ann@house.test")


def pinned(api: Api, customer: str, **changes: object) -> Any:
    """The customer is pinned to a profile of its own."""
    made = api.ok("POST", PROFILES, api.profile(**changes))
    api.ok("PUT", f"{CUSTOMERS}/{customer}", {"billingProfileId": made["id"]})
    return made


def test_without_an_override_a_customer_follows_the_default(api: Api, ann: str) -> None:
    [default] = api.ok("GET", PROFILES)["items"]
    shown = api.ok("GET", f"{CUSTOMERS}/{ann}", query="expand=customer&expand=apps")
    assert "customerOverride" not in shown
    assert shown["baseBillingProfileId"] == default["id"]
    assert shown["customerProfile"]["supplier"] == default["supplier"]
    assert shown["customerProfile"]["apps"]["payment"]["type"] == "sandbox"
    assert shown["customer"]["id"] == ann


def test_a_pin_shows_and_its_repeat_changes_nothing(api: Api, ann: str) -> None:
    profile = pinned(api, ann)
    shown = api.ok("GET", f"{CUSTOMERS}/{ann}")
    assert shown["baseBillingProfileId"] == shown["customerOverride"]["billingProfileId"] == profile["id"]
    assert shown["customerProfile"]["supplier"]["name"] == "House"
    assert "customer" not in shown
    stored = api.run.rows("SELECT * FROM outbox")
    api.run.now = at("2024-07-01")
    assert api.ok("PUT", f"{CUSTOMERS}/{ann}", {"billingProfileId": profile["id"]}) == shown
    assert api.run.rows("SELECT * FROM outbox") == stored
    unpinned = api.ok("PUT", f"{CUSTOMERS}/{ann}", {})
    assert set(unpinned["customerOverride"]) == {"customerId", "createdAt", "updatedAt"}
    assert unpinned["baseBillingProfileId"] != profile["id"]


def test_a_removed_pin_leaves_the_default_and_removing_it_again_changes_nothing(api: Api, ann: str) -> None:
    profile = pinned(api, ann)
    for _ in range(2):
        api.ok("DELETE", f"{CUSTOMERS}/{ann}")
    assert api.ok("GET", f"{CUSTOMERS}/{ann}")["baseBillingProfileId"] != profile["id"]
    removals = api.run.rows("SELECT * FROM outbox WHERE type = 'billing_override.deleted'")
    assert [row["subject"] for row in removals] == [f"customer/{ann}"]


def test_a_profile_that_a_customer_is_pinned_to_cannot_be_deleted(api: Api, ann: str) -> None:
    profile = pinned(api, ann)
    status, answer = api("DELETE", f"{PROFILES}/{profile['id']}")
    assert (status, answer["code"]) == (409, "profile_pinned")
    api.ok("DELETE", f"{CUSTOMERS}/{ann}")
    api.ok("DELETE", f"{PROFILES}/{profile['id']}")
    status, answer = api("PUT", f"{CUSTOMERS}/{ann}", {"billingProfileId": profile["id"]})
    assert (status, problem_fields(answer)) == (400, {"/billingProfileId": "profile_deleted"})


def test_a_deleted_customer_is_not_pinned_any_more(api: Api, ann: str) -> None:
    profile = pinned(api, ann)
    with api.run.database.transaction(api.run.namespace) as transaction:
        transaction.execute("UPDATE customers SET deleted_at = now() WHERE namespace = %(namespace)s")
        transaction.commit()
    status, answer = api("PUT", f"{CUSTOMERS}/{ann}", {})
    assert (status, answer["code"]) == (409, "customer_deleted")
    assert api.ok("GET", CUSTOMERS)["items"] == []
    assert api.ok("GET", f"{CUSTOMERS}/{ann}")["baseBillingProfileId"] == profile["id"]
    api.ok("DELETE", f"{PROFILES}/{profile['id']}")


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"billingProfileId": UNKNOWN}, "/billingProfileId", "unknown_profile"),
        ({"billingProfileId": "own"}, "/billingProfileId", "string_pattern_mismatch"),
        ({"billingProfileId": 7}, "/billingProfileId", "string_type"),
        ({"profile": UNKNOWN}, "/profile", "extra_forbidden"),
        ([], "", "model_attributes_type"),
    ],
)
def test_a_pin_to_nothing_is_refused(api: Api, ann: str, body: object, field: str, code: str) -> None:
    status, answer = api("PUT", f"{CUSTOMERS}/{ann}", body)
    assert status == 400
    assert problem_fields(answer) == {field: code}


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_nobody_pins_whom_it_does_not_know(api: Api, ann: str, other_namespace: str, method: str) -> None:
    body: object = {} if method == "PUT" else None
    for customer, namespace in ((UNKNOWN, None), (ann, other_namespace)):
        assert api(method, f"{CUSTOMERS}/{customer}", body, namespace=namespace)[0] == 404
    assert api("GET", CUSTOMERS, namespace=other_namespace)[1]["items"] == []


def test_another_namespaces_profile_is_unknown(api: Api, ann: str, other_namespace: str) -> None:
    [theirs] = api("GET", PROFILES, namespace=other_namespace)[1]["items"]
    status, answer = api("PUT", f"{CUSTOMERS}/{ann}", {"billingProfileId": theirs["id"]})
    assert (status, problem_fields(answer)) == (400, {"/billingProfileId": "unknown_profile"})


def test_the_applications_filter_alone_keeps_overrides_apart(
    api: Api, ann: str, other_namespace: str, unguarded: Database
) -> None:
    profile = pinned(api, ann)
    with unguarded.transaction(other_namespace) as transaction:
        overrides = PostgresBilling(transaction).overrides
        assert overrides.pinned([ann]) == {}
        assert overrides.of_customers([ann]) == {}
        assert not overrides.is_pinned(profile["id"])
        assert not overrides.remove(ann)


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("", ["ann", "ben", "cia"]),
        ("includeAllCustomers=false", ["ann", "cia"]),
        ("customersWithoutPinnedProfile=true", ["ben", "cia"]),
        ("customersWithoutPinnedProfile=true&includeAllCustomers=false", ["ben", "cia"]),
        ("billingProfile={own}", ["ann"]),
        ("billingProfile={default}", ["ben", "cia"]),
        ("billingProfile={default}&billingProfile={own}&includeAllCustomers=false", ["ann", "cia"]),
        ("customerName=AN", ["ann"]),
        ("customerKey=b", ["ben"]),
        ("customerPrimaryEmail=HOUSE", ["ann"]),
        ("customerId={ann}", ["ann"]),
        (f"customerId={UNKNOWN}", []),
        ("orderBy=customerName&order=DESC", ["cia", "ben", "ann"]),
        ("orderBy=customerKey&page=2&pageSize=2", ["cia"]),
        ("orderBy=customerPrimaryEmail&order=ASC&pageSize=1", ["ann"]),
        ("orderBy=customerCreatedAt&order=DESC&pageSize=1", ["cia"]),
    ],
)
def test_a_list_holds_the_customers_asked_for(api: Api, ann: str, query: str, keys: list[str]) -> None:
    [default] = api.ok("GET", PROFILES)["items"]
    own = pinned(api, ann)
    api.run.customer("ben")
    api.ok("PUT", f"{CUSTOMERS}/{api.run.customer('cia')}", {})
    asked = query.format(own=own["id"], default=default["id"], ann=ann)
    items = api.ok("GET", CUSTOMERS, query=f"{asked}&expand=customer")["items"]
    assert [item["customer"]["key"] for item in items] == keys


@pytest.mark.parametrize(
    "query",
    ["billingProfile=own", "customerId=ann", "expand=all", "orderBy=x", "page=0", "includeAllCustomers=maybe"],
)
def test_a_list_refuses_what_it_does_not_know(api: Api, query: str) -> None:
    assert api("GET", CUSTOMERS, query=query)[0] == 400


def test_a_pinned_customers_invoice_is_made_on_its_profile_and_keeps_it(api: Api, ann: str) -> None:
    manual = {"invoicing": {"autoAdvance": False, "dueAfter": "P7D"}}
    profile = pinned(api, ann, workflow=manual)
    api.run.subscribe(ann)
    api.run.subscribe(api.run.customer("ben"))
    api.run.all()
    [draft] = api.ok("GET", INVOICES, query=f"customers={ann}&statuses=draft&expand=lines")["items"]
    assert draft["supplier"]["name"] == "House"
    assert draft["workflow"]["sourceBillingProfileId"] == profile["id"]
    assert draft["statusDetails"]["extendedStatus"] == "draft.manual_approval_needed"
    [other] = [one for one in api.run.invoices() if one.customer_id != ann]
    assert other.profile_id != profile["id"]
    api.ok("DELETE", f"{CUSTOMERS}/{ann}")
    paid = api.ok("POST", f"{INVOICES}/{draft['id']}/approve")
    assert (paid["dueAt"], paid["supplier"]["name"]) == ("2024-06-08T00:00:00Z", "House")


def test_a_gathering_invoice_shows_the_profile_that_holds_now(api: Api, ann: str) -> None:
    api.run.subscribe(ann)
    api.run.sync(at("2024-01-10"))
    profile = pinned(api, ann, workflow={"collection": {"alignment": ANCHORED, "interval": "PT1H"}})
    [gathering] = api.ok("GET", INVOICES, query="statuses=gathering")["items"]
    assert gathering["workflow"]["sourceBillingProfileId"] == profile["id"]
    assert gathering["workflow"]["workflow"]["collection"]["alignment"] == ANCHORED
    assert gathering["collectionAt"] == "2024-01-15T00:00:00Z"


def test_an_anchored_profile_is_collected_at_its_edges_alone(api: Api, ann: str) -> None:
    pinned(api, ann, workflow={"collection": {"alignment": ANCHORED}})
    api.run.subscribe(ann)
    api.run.all(AFTER_JANUARY)
    [first] = api.run.invoices()
    assert [line.invoice_at for line in first.lines] == [at("2024-01-01")]
    api.run.all(at("2024-02-14T23:59:00Z"))
    assert len(api.run.invoices()) == 1
    for _ in range(2):
        api.run.all(at("2024-02-15"))
    assert [len(invoice.lines) for invoice in api.run.invoices()] == [1, 2]


def test_invoicing_now_waits_for_no_edge(api: Api, ann: str) -> None:
    pinned(api, ann, workflow={"collection": {"alignment": ANCHORED}})
    api.run.subscribe(ann)
    now = {"customerId": ann, "asOf": "2024-01-10T00:00:00Z", "progressiveBillingOverride": False}
    [made] = api.ok("POST", f"{INVOICES}/invoice", now)
    assert len(made["lines"]) == 1


@pytest.mark.parametrize(
    ("alignment", "field", "code"),
    [
        ({}, "", "union_tag_not_found"),
        ({"type": "anchored"}, "/recurringPeriod", "missing"),
        ({"type": "anchored_batch"}, "", "union_tag_invalid"),
        ({"type": "subscription", "recurringPeriod": {}}, "/recurringPeriod", "extra_forbidden"),
        (ANCHORED | {"recurringPeriod": {"interval": "P1M"}}, "/recurringPeriod/anchor", "missing"),
        (ANCHORED | {"recurringPeriod": MIDMONTH | {"interval": "often"}}, "/recurringPeriod/interval", "interval"),
        (ANCHORED | {"recurringPeriod": MIDMONTH | {"interval": "PT1M"}}, "/recurringPeriod/interval", "interval"),
        (
            ANCHORED | {"recurringPeriod": MIDMONTH | {"interval": "P101Y"}},
            "/recurringPeriod/interval",
            "interval_too_long",
        ),
    ],
)
def test_a_calendar_that_is_none_is_refused(api: Api, alignment: object, field: str, code: str) -> None:
    status, answer = api("POST", PROFILES, api.profile(workflow={"collection": {"alignment": alignment}}))
    assert status == 400
    assert problem_fields(answer) == {f"/workflow/collection/alignment{field}": code}
