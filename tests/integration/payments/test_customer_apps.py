"""What apps know of customers, over HTTP."""

from typing import Any

import pytest

from tests.integration.billing.given import UNKNOWN, problem_fields
from tests.integration.payments.given import APPS, CUSTOMERS, AppsApi


def stripe(customer: str = "cus_1", **more: object) -> dict[str, object]:
    return {"type": "stripe", "stripeCustomerId": customer, **more}


@pytest.fixture
def ann(api: AppsApi) -> str:
    return api.run.customer("ann")


@pytest.fixture
def ours(api: AppsApi) -> Any:
    return api.install("custom_invoicing")


def test_apps_know_what_they_were_told_by_id_or_key(api: AppsApi, ann: str, ours: Any) -> None:
    told = [{"type": "custom_invoicing", "id": ours["id"], "metadata": {"debtor": "7"}}, {"type": "sandbox"}]
    done = api.ok("PUT", f"{CUSTOMERS}/ann/apps", told)
    assert [one["app"] for one in done] == [ours, next(one for one in api.ok("GET", APPS)["items"] if one != ours)]
    assert done[0]["metadata"] == {"debtor": "7"}
    listed = api.ok("GET", f"{CUSTOMERS}/{ann}/apps")
    assert (listed["totalCount"], sorted(one["type"] for one in listed["items"])) == (
        2,
        ["custom_invoicing", "sandbox"],
    )
    assert api.ok("GET", f"{CUSTOMERS}/{ann}/apps", query="type=custom_invoicing")["items"] == [done[0]]
    assert len(api.ok("GET", f"{CUSTOMERS}/{ann}/apps", query="page=2&pageSize=1")["items"]) == 1
    # an answer may be sent again; other facts take the place of the old ones
    assert api.ok("PUT", f"{CUSTOMERS}/{ann}/apps", done) == done
    [changed] = api.ok("PUT", f"{CUSTOMERS}/{ann}/apps", [{"type": "custom_invoicing"}])
    assert "metadata" not in changed
    for _ in range(2):
        api.ok("DELETE", f"{CUSTOMERS}/{ann}/apps/{ours['id']}")
    assert [one["type"] for one in api.ok("GET", f"{CUSTOMERS}/{ann}/apps")["items"]] == ["sandbox"]


def test_telling_again_what_is_known_writes_nothing(api: AppsApi, ann: str) -> None:
    api.ok("PUT", f"{CUSTOMERS}/{ann}/apps", [{"type": "sandbox"}])
    before = api.run.rows("SELECT *, xmin FROM customer_apps WHERE namespace = %(namespace)s")
    api.ok("PUT", f"{CUSTOMERS}/{ann}/apps", [{"type": "sandbox"}])
    assert api.run.rows("SELECT *, xmin FROM customer_apps WHERE namespace = %(namespace)s") == before


def test_every_fault_is_named_and_nothing_told(api: AppsApi, ann: str, ours: Any) -> None:
    api.install("custom_invoicing")
    told = [
        {"type": "sandbox"},
        {"type": "sandbox"},
        {"type": "custom_invoicing"},
        {"type": "sandbox", "id": ours["id"]},
        {"type": "sandbox", "id": UNKNOWN},
        stripe(),
    ]
    status, answer = api("PUT", f"{CUSTOMERS}/{ann}/apps", told)
    assert status == 400
    assert problem_fields(answer) == {
        "/1": "app_repeated",
        "/2/id": "required",
        "/3/type": "app_type",
        "/4/id": "unknown_app",
        "/5/id": "unknown_app",
    }
    assert api.ok("GET", f"{CUSTOMERS}/{ann}/apps")["totalCount"] == 0


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, {"": "list_type"}),
        ([{"type": "paypal"}], {"/0": "union_tag_invalid"}),
        (
            [{"type": "stripe"}, {"type": "sandbox", "x": 1}],
            {"/0/stripeCustomerId": "missing", "/1/x": "extra_forbidden"},
        ),
    ],
)
def test_what_is_no_fact_is_refused(api: AppsApi, ann: str, body: object, faults: dict[str, str]) -> None:
    status, answer = api("PUT", f"{CUSTOMERS}/{ann}/apps", body)
    assert (status, problem_fields(answer)) == (400, faults)


def test_a_customer_is_told_to_stripe_by_its_own_route_too(api: AppsApi, ann: str) -> None:
    path = f"{CUSTOMERS}/{ann}/stripe"
    assert api("GET", path)[0] == 404
    assert api("PUT", path, {"stripeCustomerId": "cus_1"})[0] == 404
    app = api.install_account()
    assert api("GET", path)[0] == 404
    put = api.ok("PUT", path, {"stripeCustomerId": "cus_1", "stripeDefaultPaymentMethodId": "pm_1"})
    assert (put["stripeCustomerId"], put["stripeDefaultPaymentMethodId"], put["app"]) == ("cus_1", "pm_1", app)
    assert api.ok("GET", path) == put == api.ok("GET", f"{CUSTOMERS}/{ann}/apps")["items"][0]
    api.install_account("acct_2")
    assert api("PUT", path, {"stripeCustomerId": "cus_1"})[1]["code"] == "several_stripe_apps"


def test_facts_are_checked_where_they_come_from(api: AppsApi, ann: str) -> None:
    api.install_account()
    status, answer = api("PUT", f"{CUSTOMERS}/{ann}/apps", [{"type": "sandbox"}, stripe("nobody")])
    assert (status, problem_fields(answer)) == (400, {"/1/stripeCustomerId": "unknown_stripe_customer"})
    status, answer = api("PUT", f"{CUSTOMERS}/{ann}/stripe", {"stripeCustomerId": "nobody"})
    assert (status, problem_fields(answer)) == (400, {"/stripeCustomerId": "unknown_stripe_customer"})


def test_a_customer_of_stripes_is_one_of_ours_at_a_time(api: AppsApi, ann: str) -> None:
    api.install_account()
    bob = api.run.customer("bob")
    api.ok("PUT", f"{CUSTOMERS}/{ann}/stripe", {"stripeCustomerId": "cus_1"})
    status, answer = api("PUT", f"{CUSTOMERS}/{bob}/stripe", {"stripeCustomerId": "cus_1"})
    assert (status, answer["code"]) == (409, "stripe_customer_taken")
    api.ok("PUT", f"{CUSTOMERS}/{ann}/stripe", {"stripeCustomerId": "cus_2"})
    api.ok("PUT", f"{CUSTOMERS}/{bob}/stripe", {"stripeCustomerId": "cus_1"})
    with api.run.database.transaction(api.run.namespace) as transaction:
        transaction.execute("UPDATE customers SET deleted_at = now() WHERE id = %(id)s", {"id": bob})
        transaction.commit()
    api.ok("PUT", f"{CUSTOMERS}/{ann}/stripe", {"stripeCustomerId": "cus_1"})


def test_nobody_tells_of_whom_it_does_not_know(api: AppsApi, ann: str, other_namespace: str) -> None:
    for customer, namespace in ((UNKNOWN, None), (ann, other_namespace)):
        for method, path, body in (
            ("GET", "apps", None),
            ("PUT", "apps", [{"type": "sandbox"}]),
            ("DELETE", f"apps/{api.sandbox()['id']}", None),
            ("GET", "stripe", None),
            ("PUT", "stripe", {"stripeCustomerId": "cus_1"}),
        ):
            assert api(method, f"{CUSTOMERS}/{customer}/{path}", body, namespace=namespace)[0] == 404
    assert api("DELETE", f"{CUSTOMERS}/{ann}/apps/{UNKNOWN}")[0] == 404
