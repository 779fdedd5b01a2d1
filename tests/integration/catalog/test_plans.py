from typing import Any

import pytest

from meterhouse.platform.postgres import Database
from tests.integration.catalog.given import Call, Clock, catalog
from tests.problems import faults_of
from tests.unit.catalog.samples import AIRLINE
from tests.unit.catalog.test_schema import DEPARTURES_WIRE, FEE_WIRE, METERED, MILES_WIRE

FEATURES, PLANS = "/api/v1/features", "/api/v1/plans"
PHASE: dict[str, Any] = {
    "key": "default",
    "name": "Default",
    "duration": None,
    "rateCards": [FEE_WIRE, DEPARTURES_WIRE, MILES_WIRE],
}
PLAN: dict[str, Any] = {
    "key": "airline",
    "name": "Airline",
    "currency": "USD",
    "billingCadence": "P1M",
    "phases": [PHASE],
}
_TIER = {"flatPrice": {"type": "flat", "amount": "5"}, "unitPrice": {"type": "unit", "amount": "0.5"}}
EVERY_PRICE: list[dict[str, Any]] = [
    FEE_WIRE | {"discounts": {"percentage": {"percentage": 12.5}}},
    MILES_WIRE
    | {
        "price": {"type": "package", "amount": "15", "quantityPerPackage": "10", "minimumAmount": "30"},
        "discounts": {"percentage": {"percentage": 10}, "usage": {"quantity": "100"}},
    },
    DEPARTURES_WIRE
    | {
        "price": {
            "type": "tiered",
            "mode": "volume",
            "tiers": [_TIER | {"upToAmount": "10"}, _TIER],
            "minimumAmount": "1",
            "maximumAmount": "99.5",
        }
    },
]
EVERY_ENTITLEMENT: list[dict[str, Any]] = [
    MILES_WIRE | {"entitlementTemplate": METERED},
    DEPARTURES_WIRE | {"entitlementTemplate": {"type": "static", "config": '{"gates": [1.50]}'}},
    FEE_WIRE | {"key": "lounge", "featureKey": "lounge", "entitlementTemplate": {"type": "boolean"}},
]
UPDATE = {name: PLAN[name] for name in ("name", "billingCadence", "phases")}


def created(call: Call, **changes: object) -> dict[str, Any]:
    status, plan = call("POST", PLANS, PLAN | changes)
    assert status == 201, plan
    return dict(plan)


def published(call: Call, **changes: object) -> dict[str, Any]:
    status, plan = call("POST", f"{PLANS}/{created(call, **changes)['id']}/publish")
    assert status == 200, plan
    return dict(plan)


def test_a_draft_shows_what_keeps_it_from_being_published_and_publish_refuses_it_all(call: Call) -> None:
    draft = created(call)

    status, problem = call("POST", f"{PLANS}/{draft['id']}/publish")

    missing = [(f"/phases/0/rateCards/{index}/featureKey", "rate_card_feature_not_found") for index in (1, 2)]
    assert [(fault["field"], fault["code"]) for fault in draft["validationErrors"]] == missing
    assert (status, faults_of(problem)) == (400, missing)
    assert call("GET", f"{PLANS}/{draft['id']}")[1]["status"] == "draft"


def test_faults_of_form_point_into_the_body_and_not_at_the_members_of_a_union(call: Call) -> None:
    price = {"type": "tiered", "mode": "volume", "tiers": [{"unitPrice": {"type": "unit", "amount": "-1"}}]}
    off = {"percentage": {"percentage": 101}}
    cards = [FEE_WIRE | {"discounts": off}, MILES_WIRE | {"price": price}, {"type": "usage_based", "key": "x"}]

    status, problem = call("POST", PLANS, PLAN | {"phases": [PHASE | {"rateCards": cards}]})

    assert status == 400
    assert set(faults_of(problem)) == {
        ("/phases/0/rateCards/0/discounts/percentage/percentage", "less_than_equal"),
        ("/phases/0/rateCards/1/price/tiers/0/unitPrice/amount", "greater_than_equal"),
        ("/phases/0/rateCards/2/name", "missing"),
        ("/phases/0/rateCards/2/billingCadence", "missing"),
        ("/phases/0/rateCards/2/price", "missing"),
    }


@pytest.mark.usefixtures("features")
def test_every_kind_of_price_is_sold_as_sent(call: Call) -> None:
    plan = published(call, phases=[PHASE | {"rateCards": EVERY_PRICE}])

    assert plan["phases"][0]["rateCards"] == EVERY_PRICE
    assert call("GET", f"{PLANS}/{plan['id']}")[1] == plan


@pytest.mark.usefixtures("features")
def test_every_kind_of_entitlement_is_sold_as_sent(call: Call) -> None:
    plan = published(call, phases=[PHASE | {"rateCards": EVERY_ENTITLEMENT}])

    assert plan["phases"][0]["rateCards"] == EVERY_ENTITLEMENT
    assert call("GET", f"{PLANS}/{plan['id']}")[1] == plan


def test_a_balance_on_a_meter_that_cannot_burn_it_is_not_sold(call: Call) -> None:
    call("POST", FEATURES, {"key": "altitude", "name": "Altitude", "meterSlug": "altitude"})
    card = FEE_WIRE | {"key": "altitude", "featureKey": "altitude", "entitlementTemplate": {"type": "metered"}}
    draft = created(call, phases=[PHASE | {"rateCards": [card]}])

    status, problem = call("POST", f"{PLANS}/{draft['id']}/publish")

    refused = [("/phases/0/rateCards/0/entitlementTemplate", "entitlement_template_unsupported_aggregation")]
    assert (status, faults_of(problem)) == (400, refused)


@pytest.mark.usefixtures("features")
def test_what_contradicts_itself_about_a_price_is_refused_at_its_place(call: Call) -> None:
    price = {"type": "unit", "amount": "1", "minimumAmount": "2", "maximumAmount": "1"}
    free = FEE_WIRE | {"discounts": {"usage": {"quantity": "1"}}}

    status, problem = call(
        "POST", PLANS, PLAN | {"phases": [PHASE | {"rateCards": [free, MILES_WIRE | {"price": price}]}]}
    )

    assert (status, faults_of(problem)) == (
        400,
        [
            ("/phases/0/rateCards/0/discounts/usage", "rate_card_usage_discount_not_applicable"),
            ("/phases/0/rateCards/1/price/minimumAmount", "price_minimum_above_maximum"),
        ],
    )


def test_a_plan_that_contradicts_itself_is_refused_with_every_contradiction(call: Call) -> None:
    body = PLAN | {"currency": "XXX", "billingCadence": "P2M", "phases": [PHASE, PHASE]}

    status, problem = call("POST", PLANS, body)

    assert (status, faults_of(problem)) == (
        400,
        [
            ("/currency", "unknown_currency"),
            ("/billingCadence", "plan_billing_cadence_invalid"),
            ("/phases/1/key", "plan_phase_duplicated_key"),
        ],
    )


@pytest.mark.usefixtures("features")
def test_all_that_a_plan_says_besides_its_prices_is_kept_as_sent(call: Call) -> None:
    said = {
        "description": "For airlines",
        "metadata": {"tier": "gold"},
        "alignment": {"billablesMustAlign": True},
        "proRatingConfig": {"enabled": False, "mode": "prorate_prices"},
        "settlementMode": "credit_only",
    }
    tax = {"behavior": "inclusive", "stripe": {"code": "txcd_10000000"}, "customInvoicing": {"code": "A"}}
    phase = PHASE | {
        "description": "The only one",
        "metadata": {"a": "b"},
        "rateCards": [FEE_WIRE | {"taxConfig": tax}],
    }

    plan = published(call, **said, phases=[phase])

    assert {name: plan[name] for name in said} == said
    assert plan["phases"] == [phase]
    assert call("GET", f"{PLANS}/{plan['id']}") == (200, plan)
    assert call("GET", PLANS)[1]["items"] == [plan]


@pytest.mark.usefixtures("features")
def test_a_key_has_one_draft_at_a_time(call: Call) -> None:
    draft = created(call)

    assert call("POST", PLANS, PLAN)[1]["code"] == "plan_draft_exists"
    assert call("POST", f"{PLANS}/{draft['id']}/next")[1]["code"] == "plan_draft_exists"


@pytest.mark.usefixtures("features")
def test_next_drafts_a_copy_of_the_latest_version(call: Call) -> None:
    first = published(call)

    status, draft = call("POST", f"{PLANS}/airline/next")

    assert (status, draft["version"], draft["status"]) == (201, 2, "draft")
    assert draft["phases"] == first["phases"]
    assert call("POST", f"{PLANS}/nothing/next")[0] == 404
    assert call("POST", f"{PLANS}/{first['id']}/next", namespace="other")[0] == 404


@pytest.mark.usefixtures("features")
def test_a_feature_that_is_on_sale_is_not_archived(call: Call, clock: Clock) -> None:
    plan = published(call)

    status, problem = call("DELETE", f"{FEATURES}/miles")
    assert (status, problem["code"]) == (409, "feature_in_use")

    clock.pass_day()
    call("POST", f"{PLANS}/{plan['id']}/archive")
    assert call("DELETE", f"{FEATURES}/miles")[0] == 204


@pytest.mark.usefixtures("features")
def test_a_draft_of_an_archived_feature_is_not_published(call: Call) -> None:
    draft = created(call)
    call("DELETE", f"{FEATURES}/miles")

    _, problem = call("POST", f"{PLANS}/{draft['id']}/publish")

    assert faults_of(problem) == [("/phases/0/rateCards/2/featureKey", "rate_card_feature_archived")]


@pytest.mark.usefixtures("features")
def test_rooms_above_find_what_is_on_sale_and_any_version_by_its_number(
    call: Call, database: Database, namespace: str, clock: Clock
) -> None:
    plan = published(call)
    draft = created(call)

    with database.transaction(namespace) as transaction:
        plans = catalog(transaction).plans
        active, second = plans.of_key("airline", None, clock.at), plans.of_key("airline", 2, clock.at)

    assert active is not None
    assert second is not None
    assert (active.id, second.id) == (plan["id"], draft["id"])
    assert active.spec.phases == AIRLINE.phases
    with database.transaction("other") as transaction:
        assert catalog(transaction).plans.of_key("airline", None, clock.at) is None
