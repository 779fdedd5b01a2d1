from typing import Any

import pytest

from tests.integration.entitlements.house import ACME, APP, METERED, House
from tests.unit.subscriptions.samples import at

ALL, ALL_V1 = "/api/v2/entitlements", "/api/v1/entitlements"
GRANTS, GRANTS_V1 = "/api/v2/grants", "/api/v1/grants"
OTHER = "/api/v2/customers/other/entitlements"


def items(body: Any) -> list[Any]:
    found: list[Any] = body if isinstance(body, list) else body["items"]
    return found


@pytest.fixture
def full(house: House) -> House:
    """Acme's tokens and sso and another customer's tokens, created a day apart; each metered one with a grant."""
    house.now = at("2024-03-11")
    house.entitled(issue={"amount": 1})
    house.now = at("2024-03-12")
    house.ok("POST", ACME, {"type": "static", "featureKey": "sso", "config": "1"})
    house.now = at("2024-03-13")
    house.other = house.add_customer("other", "other-app")
    house.ok("POST", OTHER, METERED | {"issue": {"amount": 3}})
    house.now = at("2024-03-15")
    return house


def test_all_entitlements_are_listed_in_the_order_wanted(full: House) -> None:
    def told(query: str) -> list[str]:
        found = items(full.ok("GET", ALL, query=query))
        return [f"{one['customerKey']}/{one['featureKey']}" for one in found]

    assert told("") == ["acme/tokens", "acme/sso", "other/tokens"]
    assert told("order=DESC") == ["other/tokens", "acme/sso", "acme/tokens"]
    full.ok("PUT", f"{ACME}/sso/override", {"type": "boolean"})
    assert told("orderBy=updatedAt") == ["acme/tokens", "other/tokens", "acme/sso"]


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("feature=sso", ["acme/sso"]),
        ("feature=sso&feature=tokens", ["acme/tokens", "acme/sso", "other/tokens"]),
        ("feature={sso}", ["acme/sso"]),
        ("customerKeys=other", ["other/tokens"]),
        ("customerKeys=other-app", []),
        ("customerKeys=other&customerKeys=acme&entitlementType=static", ["acme/sso"]),
        ("customerIds={other}", ["other/tokens"]),
        ("customerIds={other}&customerKeys=acme", []),
        ("entitlementType=metered&entitlementType=boolean", ["acme/tokens", "other/tokens"]),
        ("feature=nothing", []),
        ("customerKeys=nobody", []),
    ],
)
def test_all_conditions_of_a_list_hold(full: House, query: str, told: list[str]) -> None:
    found = full.ok("GET", ALL, query=query.format(sso=full.sso, other=full.other))

    assert [f"{one['customerKey']}/{one['featureKey']}" for one in found["items"]] == told
    assert found["totalCount"] == len(told)


def test_lists_are_paged_or_counted_off(full: House) -> None:
    def told(query: str) -> tuple[int, int, int, list[str]]:
        body = full.ok("GET", ALL, query=query)
        return body["totalCount"], body["page"], body["pageSize"], [one["featureKey"] for one in body["items"]]

    assert told("") == (3, 1, 100, ["tokens", "sso", "tokens"])
    assert told("page=2&pageSize=2") == (3, 2, 2, ["tokens"])
    assert told("pageSize=1") == (3, 1, 1, ["tokens"])
    assert told("offset=1&limit=1") == (3, 2, 1, ["sso"])
    assert told("offset=1") == (3, 1, 100, ["sso", "tokens"])
    assert told("page=1&offset=2") == (3, 1, 100, ["tokens", "sso", "tokens"])


def test_lists_of_the_older_form_are_plain_unless_paged(full: House) -> None:
    plain = full.ok("GET", ALL_V1)
    paged = full.ok("GET", ALL_V1, query="page=1&pageSize=2")

    assert [one["subjectKey"] for one in plain] == ["acme", "acme", "other"]
    assert (paged["totalCount"], paged["items"]) == (3, plain[:2])
    assert full.ok("GET", ALL_V1, query="limit=1&offset=2") == plain[2:]
    assert full.ok("GET", ALL_V1, query="subject=other-app&subject=nobody") == plain[2:]
    assert full.ok("GET", ALL_V1, query="subject=nobody") == []
    assert full.ok("GET", ALL_V1, query="feature=sso&entitlementType=static&excludeInactive=true") == plain[1:2]


def test_what_was_ended_is_listed_on_demand_alone(full: House) -> None:
    full.ok("DELETE", f"{ACME}/sso")

    for path, query in ((ACME, ""), (APP, ""), (ALL, "?"), (ALL_V1, "")):
        assert "sso" not in [one["featureKey"] for one in items(full.ok("GET", path, query=query.strip("?")))]
    for path in (ACME, APP):
        found = items(full.ok("GET", path, query="includeDeleted=true"))
        assert [one["featureKey"] for one in found] == ["tokens", "sso"]


def test_what_is_still_to_be_is_inactive(full: House) -> None:
    full.now = at("2024-03-12T12:00:00Z")

    assert full.ok("GET", ALL, query="excludeInactive=true")["totalCount"] == 2
    assert full.ok("GET", ALL)["totalCount"] == 3


def test_grants_of_all_are_listed_and_chosen(full: House) -> None:
    full.granted(amount=2)

    def told(query: str, path: str = GRANTS) -> list[int]:
        return [grant["amount"] for grant in items(full.ok("GET", path, query=query))]

    assert told("") == told("", GRANTS_V1) == [1, 3, 2]
    assert told("order=DESC") == [2, 3, 1]
    assert sorted(told("orderBy=id")) == [1, 2, 3]
    assert told("orderBy=updatedAt&limit=2&offset=1") == [3, 2]
    assert told("customer=acme") == told("subject=acme-app", GRANTS_V1) == [1, 2]
    assert told(f"customer={full.other}&customer=nobody") == [3]
    assert told("customer=acme&feature=sso") == []
    assert told(f"feature={full.tokens}&page=2&pageSize=2") == [2]
    assert told("page=1", GRANTS_V1) == [1, 3, 2]
    assert full.ok("GET", GRANTS, query="pageSize=1")["totalCount"] == 3


def test_grants_of_what_was_ended_are_listed_on_demand_alone(full: House) -> None:
    full.ok("DELETE", f"{OTHER}/tokens")

    assert full.ok("GET", GRANTS)["totalCount"] == len(full.ok("GET", GRANTS_V1)) == 1
    assert full.ok("GET", GRANTS, query="includeDeleted=true")["totalCount"] == 2


def test_grants_of_an_entitlement_are_ordered_and_paged(full: House) -> None:
    full.granted(amount=2)
    path = f"{ACME}/tokens/grants"

    assert [one["amount"] for one in full.ok("GET", path, query="order=DESC&limit=1")["items"]] == [2]
    assert full.ok("GET", path, query="page=2&pageSize=1")["items"][0]["amount"] == 2
    assert [one["amount"] for one in full.ok("GET", f"{APP}/tokens/grants", query="orderBy=createdAt")] == [1, 2]


def test_a_customer_s_entitlements_are_paged(full: House) -> None:
    body = full.ok("GET", ACME, query="page=2&pageSize=1&order=DESC")

    assert (body["totalCount"], body["page"], body["items"][0]["featureKey"]) == (2, 2, "tokens")
    assert full.call("GET", "/api/v2/customers/nobody/entitlements")[0] == 404


def test_another_namespace_sees_and_changes_nothing_of_it(full: House) -> None:
    [entitlement] = full.ok("GET", OTHER)["items"]
    grant = full.ok("GET", f"{OTHER}/tokens/grants")["items"][0]
    foreign = {"namespace": f"{full.namespace}-b"}

    for path in (ALL, GRANTS):
        assert full.ok("GET", path, **foreign)["totalCount"] == 0
    for path in (ALL_V1, GRANTS_V1):
        assert full.ok("GET", path, **foreign) == []
    one = f"{OTHER}/{entitlement['id']}"
    for method, path, body in (
        ("GET", f"{ALL}/{entitlement['id']}", None),
        ("GET", f"{ALL_V1}/{entitlement['id']}", None),
        ("GET", one, None),
        ("DELETE", one, None),
        ("PUT", f"{one}/override", METERED),
        ("POST", f"{one}/reset", {}),
        ("POST", f"{one}/grants", {"amount": 1, "effectiveAt": "2024-03-15T00:00:00Z"}),
        ("DELETE", f"/api/v1/grants/{grant['id']}", None),
        ("POST", OTHER, METERED),
        ("POST", "/api/v1/subjects/other-app/entitlements", METERED),
    ):
        assert full.call(method, path, body, **foreign)[0] == 404, path
    assert full.ok("GET", f"{ALL}/{entitlement['id']}") == entitlement
