"""Add-ons on the real database, behind the HTTP edge."""

from typing import Any

import pytest

from meterhouse.platform.postgres import Database
from tests.integration.catalog.given import Call, Clock
from tests.integration.catalog.test_plans import FEATURES
from tests.problems import faults_of
from tests.unit.catalog.test_schema import FEE_WIRE, METERED, MILES_WIRE

ADDONS = "/api/v1/addons"
LOUNGE = FEE_WIRE | {"key": "lounge", "featureKey": "lounge", "entitlementTemplate": {"type": "boolean"}}
EXTRA_MILES = MILES_WIRE | {"price": None, "entitlementTemplate": METERED}
TERMINAL: dict[str, Any] = {
    "key": "terminal",
    "name": "Terminal",
    "description": "A second one",
    "metadata": {"gates": "12"},
    "currency": "USD",
    "instanceType": "multiple",
    "rateCards": [FEE_WIRE, LOUNGE, EXTRA_MILES],
}
UPDATE = {name: TERMINAL[name] for name in ("name", "instanceType", "rateCards")}


def drafted(call: Call, **changes: object) -> dict[str, Any]:
    status, addon = call("POST", ADDONS, TERMINAL | changes)
    assert status == 201, addon
    return dict(addon)


def on_sale(call: Call, **changes: object) -> dict[str, Any]:
    status, addon = call("POST", f"{ADDONS}/{drafted(call, **changes)['id']}/publish")
    assert status == 200, addon
    return dict(addon)


@pytest.mark.usefixtures("features")
def test_an_add_on_is_drafted_as_sent_and_published(call: Call) -> None:
    draft = drafted(call)

    assert {name: draft[name] for name in TERMINAL} == TERMINAL
    assert (draft["version"], draft["status"], draft["validationErrors"]) == (1, "draft", None)
    assert call("GET", f"{ADDONS}/{draft['id']}") == (200, draft)
    assert call("GET", f"{ADDONS}/terminal")[0] == 404
    assert call("GET", f"{ADDONS}/terminal", query="includeLatest=true") == (200, draft)

    status, addon = call("POST", f"{ADDONS}/{draft['id']}/publish")

    assert (status, addon["status"], addon["effectiveFrom"]) == (200, "active", "2013-01-01T00:00:00Z")
    assert call("GET", f"{ADDONS}/terminal") == (200, addon)


def test_a_draft_shows_all_that_keeps_it_from_being_published_and_publish_refuses_it_all(call: Call) -> None:
    draft = drafted(call, rateCards=[MILES_WIRE, FEE_WIRE | {"billingCadence": "P1Y"}, LOUNGE])

    status, problem = call("POST", f"{ADDONS}/{draft['id']}/publish")

    missing = [
        ("/rateCards/0/featureKey", "rate_card_feature_not_found"),
        ("/rateCards/2/featureKey", "rate_card_feature_not_found"),
        ("/rateCards/0/price", "addon_price_not_for_multiple"),
        ("/rateCards/1/billingCadence", "addon_billing_cadences_differ"),
    ]
    assert [(fault["field"], fault["code"]) for fault in draft["validationErrors"]] == missing
    assert (status, faults_of(problem)) == (400, missing)
    assert call("GET", f"{ADDONS}/{draft['id']}")[1]["status"] == "draft"


@pytest.mark.usefixtures("features")
def test_publishing_a_version_archives_the_one_on_sale_at_the_same_instant(call: Call, clock: Clock) -> None:
    first = on_sale(call)
    clock.pass_day()
    second = on_sale(call, name="Terminal 2")

    before = call("GET", f"{ADDONS}/{first['id']}")[1]

    assert (second["version"], before["status"]) == (2, "archived")
    assert before["effectiveTo"] == second["effectiveFrom"] == "2013-01-02T00:00:00Z"
    assert call("GET", f"{ADDONS}/terminal")[1]["id"] == second["id"]


def test_a_key_has_one_draft_at_a_time(call: Call) -> None:
    drafted(call)

    status, problem = call("POST", ADDONS, TERMINAL)

    assert (status, problem["code"]) == (409, "addon_draft_exists")


@pytest.mark.usefixtures("features")
def test_only_a_draft_is_replaced(call: Call) -> None:
    draft = drafted(call)

    status, replaced = call("PUT", f"{ADDONS}/{draft['id']}", UPDATE | {"name": "Hall", "instanceType": "single"})
    assert (status, replaced["name"], replaced["instanceType"], replaced["currency"]) == (200, "Hall", "single", "USD")
    assert "metadata" not in replaced

    call("POST", f"{ADDONS}/{draft['id']}/publish")
    status, problem = call("PUT", f"{ADDONS}/{draft['id']}", UPDATE)
    assert (status, problem["code"]) == (409, "addon_not_editable")


@pytest.mark.usefixtures("features")
def test_an_archived_add_on_is_off_sale_and_stays_so(call: Call, clock: Clock) -> None:
    addon = on_sale(call)
    clock.pass_day()

    assert call("POST", f"{ADDONS}/{addon['id']}/archive")[1]["status"] == "archived"

    assert call("GET", f"{ADDONS}/terminal")[0] == 404
    assert call("POST", f"{ADDONS}/{addon['id']}/archive")[1]["code"] == "addon_not_active"
    assert call("POST", f"{ADDONS}/{addon['id']}/publish")[1]["code"] == "addon_not_publishable"


@pytest.mark.usefixtures("features")
def test_an_add_on_on_sale_is_not_deleted_and_a_deleted_version_is_not_given_again(call: Call) -> None:
    addon = on_sale(call)
    assert call("DELETE", f"{ADDONS}/{addon['id']}")[1]["code"] == "addon_not_deletable"
    draft = drafted(call)

    assert call("DELETE", f"{ADDONS}/{draft['id']}") == (204, None)
    assert call("DELETE", f"{ADDONS}/{draft['id']}") == (204, None)

    assert "deletedAt" in call("GET", f"{ADDONS}/{draft['id']}")[1]
    assert call("PUT", f"{ADDONS}/{draft['id']}", UPDATE)[0] == 404
    assert drafted(call)["version"] == 3
    assert call("GET", ADDONS)[1]["totalCount"] == 2
    assert call("GET", ADDONS, query="includeDeleted=true")[1]["totalCount"] == 3


@pytest.mark.usefixtures("features")
def test_a_feature_of_an_add_on_on_sale_is_not_archived(call: Call, clock: Clock) -> None:
    addon = on_sale(call)

    status, problem = call("DELETE", f"{FEATURES}/lounge")
    assert (status, problem["code"]) == (409, "feature_in_use")
    assert problem["detail"] == "feature 'lounge' is sold by add-on terminal version 1"

    clock.pass_day()
    call("POST", f"{ADDONS}/{addon['id']}/archive")
    assert call("DELETE", f"{FEATURES}/lounge")[0] == 204


@pytest.mark.usefixtures("features")
def test_lists_are_filtered_ordered_and_paged(call: Call) -> None:
    ids = {}
    for key in ("a", "b"):
        ids[key] = on_sale(call, key=key)["id"]
        drafted(call, key=key, currency="EUR")

    def found(query: str) -> list[tuple[str, int]]:
        status, body = call("GET", ADDONS, query=query)
        assert status == 200, body
        return [(addon["key"], addon["version"]) for addon in body["items"]]

    assert sorted(found("orderBy=key")) == sorted(found("")) == [("a", 1), ("a", 2), ("b", 1), ("b", 2)]
    assert found("status=active&orderBy=key") == [("a", 1), ("b", 1)]
    assert found("status=archived") == []
    assert found("status=active&status=draft&key=a&orderBy=version&order=DESC") == [("a", 2), ("a", 1)]
    assert found("currency=EUR&orderBy=key&order=DESC") == [("b", 2), ("a", 2)]
    assert found("keyVersion%5Ba%5D=2&keyVersion%5Bb%5D=1&orderBy=key") == [("a", 2), ("b", 1)]
    assert found(f"id={ids['b']}") == [("b", 1)]
    assert found("orderBy=version&pageSize=3&page=2")[0][1] == 2
    for wrong in ("keyVersion[a]=x", "status=scheduled", "orderBy=name", "pageSize=1001", "id=a", "currency=usd"):
        assert call("GET", ADDONS, query=wrong)[0] == 400, wrong


@pytest.mark.usefixtures("features")
def test_another_namespace_sees_nothing_of_it(call: Call) -> None:
    addon = on_sale(call)

    for method, path, body in (
        ("GET", "", None),
        ("PUT", "", UPDATE),
        ("DELETE", "", None),
        ("POST", "/publish", None),
        ("POST", "/archive", None),
    ):
        assert call(method, f"{ADDONS}/{addon['id']}{path}", body, namespace="other")[0] == 404
    assert call("GET", ADDONS, namespace="other")[1]["totalCount"] == 0


@pytest.mark.usefixtures("features")
def test_every_change_leaves_a_domain_event(call: Call, database: Database, namespace: str, clock: Clock) -> None:
    on_sale(call)
    clock.pass_day()
    second = drafted(call)
    call("PUT", f"{ADDONS}/{second['id']}", UPDATE)
    call("POST", f"{ADDONS}/{second['id']}/publish")
    third = drafted(call)
    call("DELETE", f"{ADDONS}/{third['id']}")

    with database.transaction(namespace) as transaction:
        events = transaction.fetch_all(
            "SELECT type, data FROM outbox WHERE namespace = %(namespace)s AND type LIKE 'addon.%%'"
        )

    kinds = [event["type"].removeprefix("addon.") for event in events]
    assert sorted(kinds) == [
        "archived", "created", "created", "created", "deleted", "published", "published", "updated"
    ]  # fmt: skip
    assert {"addonId": third["id"], "key": "terminal", "version": 3} in [event["data"] for event in events]


def test_a_repeated_request_with_its_key_drafts_once(call: Call) -> None:
    headers = {"content-type": "application/json", "idempotency-key": "draft-1"}

    first, again = (call("POST", ADDONS, TERMINAL, headers=headers) for _ in range(2))

    assert first == again
    assert call("GET", ADDONS)[1]["totalCount"] == 1
