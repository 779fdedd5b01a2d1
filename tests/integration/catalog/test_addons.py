"""Add-ons on the real database, behind the HTTP edge."""

from typing import Any

import pytest

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
def test_a_feature_of_an_add_on_on_sale_is_not_archived(call: Call, clock: Clock) -> None:
    addon = on_sale(call)

    status, problem = call("DELETE", f"{FEATURES}/lounge")
    assert (status, problem["code"]) == (409, "feature_in_use")
    assert problem["detail"] == "feature 'lounge' is sold by add-on terminal version 1"

    clock.pass_day()
    call("POST", f"{ADDONS}/{addon['id']}/archive")
    assert call("DELETE", f"{FEATURES}/lounge")[0] == 204
