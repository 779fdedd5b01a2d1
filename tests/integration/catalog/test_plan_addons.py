"""Which add-ons plans sell, on the real database, behind the HTTP edge."""

from typing import Any

import pytest

from meterhouse.platform.postgres import Database
from tests.integration.catalog.given import Call, Clock
from tests.integration.catalog.test_addons import ADDONS, EXTRA_MILES, LOUNGE, drafted, on_sale
from tests.integration.catalog.test_plans import PHASE, PLANS, created, published
from tests.integration.catalog.test_plans import UPDATE as PLAN_UPDATE
from tests.problems import faults_of
from tests.unit.catalog.test_schema import FEE_WIRE, MILES_WIRE

TRIAL = PHASE | {"key": "trial", "name": "Trial", "duration": "P1M", "rateCards": [MILES_WIRE]}
TERMS = {"fromPlanPhase": "default", "maxQuantity": 3, "metadata": {"shelf": "top"}}
IN_ARREARS = FEE_WIRE | {"price": FEE_WIRE["price"] | {"paymentTerm": "in_arrears"}}  # type: ignore[operator]

pytestmark = pytest.mark.usefixtures("features")


def sold(call: Call, plan: dict[str, Any], addon: dict[str, Any], **changes: object) -> dict[str, Any]:
    status, assigned = call("POST", f"{PLANS}/{plan['id']}/addons", TERMS | changes | {"addonId": addon["id"]})
    assert status == 201, assigned
    return dict(assigned)


def shown(call: Call, plan: dict[str, Any], query: str = "") -> list[tuple[str, int]]:
    status, body = call("GET", f"{PLANS}/{plan['id']}/addons", query=query)
    assert status == 200, body
    return [(one["addon"]["key"], one["addon"]["version"]) for one in body["items"]]


@pytest.mark.parametrize("made", [created, published])
def test_a_plan_sells_an_add_on(call: Call, made: Any) -> None:
    plan, addon = made(call), on_sale(call)

    assigned = sold(call, plan, addon)

    assert {name: assigned[name] for name in TERMS} == TERMS
    assert (assigned["addon"], assigned["validationErrors"]) == (addon, None)
    one = f"{PLANS}/{plan['id']}/addons/{addon['id']}"
    assert call("GET", one) == call("GET", f"{PLANS}/{plan['id']}/addons/terminal") == (200, assigned)
    assert call("GET", f"{PLANS}/{plan['id']}/addons")[1]["items"] == [assigned]
    assert call("GET", f"{PLANS}/{plan['id']}")[1]["validationErrors"] is None


def test_of_a_plan_on_sale_its_key_is_enough_to_look(call: Call) -> None:
    plan, addon = published(call), on_sale(call)
    assigned = sold(call, plan, addon)

    assert call("GET", f"{PLANS}/airline/addons/terminal") == (200, assigned)
    assert call("GET", f"{PLANS}/airline/addons")[1]["totalCount"] == 1
    assert call("GET", f"{PLANS}/nothing/addons")[0] == 404


def test_an_add_on_is_assigned_once(call: Call) -> None:
    plan, addon = created(call), on_sale(call)
    sold(call, plan, addon)

    status, problem = call("POST", f"{PLANS}/{plan['id']}/addons", TERMS | {"addonId": addon["id"]})

    assert (status, problem["code"]) == (409, "plan_addon_exists")


def test_all_that_does_not_go_together_is_listed_at_once(call: Call) -> None:
    plan = created(call, phases=[TRIAL, PHASE])
    addon = on_sale(call, instanceType="single", currency="EUR", rateCards=[IN_ARREARS, LOUNGE])

    status, problem = call("POST", f"{PLANS}/{plan['id']}/addons", TERMS | {"addonId": addon["id"]})

    assert (status, faults_of(problem)) == (
        400,
        [
            ("/maxQuantity", "plan_addon_max_quantity_not_allowed"),
            ("/addonId", "addon_currency_mismatch"),
            ("/addonId", "rate_card_payment_term_mismatch"),
        ],
    )
    assert shown(call, plan) == []


def test_an_unknown_add_on_and_an_unknown_phase_are_told_together(call: Call) -> None:
    plan = created(call)
    body = {"addonId": plan["id"], "fromPlanPhase": "nowhere"}

    status, problem = call("POST", f"{PLANS}/{plan['id']}/addons", body)

    assert (status, faults_of(problem)) == (
        400,
        [("/addonId", "addon_not_found"), ("/fromPlanPhase", "plan_addon_unknown_plan_phase")],
    )


def test_only_what_is_on_sale_is_assigned(call: Call) -> None:
    plan, draft = created(call), drafted(call)

    status, problem = call("POST", f"{PLANS}/{plan['id']}/addons", TERMS | {"addonId": draft["id"]})
    assert (status, faults_of(problem)) == (400, [("/addonId", "addon_not_active")])

    call("DELETE", f"{ADDONS}/{draft['id']}")
    status, problem = call("POST", f"{PLANS}/{plan['id']}/addons", TERMS | {"addonId": draft["id"]})
    assert (status, faults_of(problem)) == (400, [("/addonId", "addon_not_found")])


def test_a_plan_that_is_off_sale_sells_what_it_sold_and_nothing_else(call: Call, clock: Clock) -> None:
    plan, addon = published(call), on_sale(call)
    sold(call, plan, addon)
    clock.pass_day()
    call("POST", f"{PLANS}/{plan['id']}/archive")
    one = f"{PLANS}/{plan['id']}/addons/{addon['id']}"

    for method, path, body in (
        ("POST", f"{PLANS}/{plan['id']}/addons", TERMS | {"addonId": addon["id"]}),
        ("PUT", one, TERMS),
        ("DELETE", one, None),
    ):
        status, problem = call(method, path, body)
        assert (status, problem["code"]) == (409, "plan_not_editable"), method
    assert shown(call, plan) == [("terminal", 1)]


def test_terms_are_replaced_and_checked_anew(call: Call) -> None:
    plan, addon = created(call, phases=[TRIAL, PHASE]), on_sale(call, rateCards=[LOUNGE, EXTRA_MILES])
    sold(call, plan, addon)
    one = f"{PLANS}/{plan['id']}/addons/{addon['id']}"

    status, replaced = call("PUT", one, {"fromPlanPhase": "trial"})
    assert (status, replaced["fromPlanPhase"]) == (200, "trial")
    assert not {"maxQuantity", "metadata"} & replaced.keys()
    assert call("GET", one) == (200, replaced)

    status, problem = call("PUT", one, {"fromPlanPhase": "nowhere"})
    assert (status, faults_of(problem)) == (400, [("/fromPlanPhase", "plan_addon_unknown_plan_phase")])
    assert call("PUT", f"{PLANS}/{plan['id']}/addons/{plan['id']}", TERMS)[0] == 404


def test_what_is_removed_is_sold_no_longer_and_can_be_sold_again(call: Call, clock: Clock) -> None:
    plan, addon = published(call), on_sale(call)
    sold(call, plan, addon)
    one = f"{PLANS}/{plan['id']}/addons/{addon['id']}"
    clock.pass_day()

    assert call("DELETE", one) == call("DELETE", one) == (204, None)

    assert call("GET", one)[0] == 404
    assert shown(call, plan) == []
    assert "deletedAt" in call("GET", f"{PLANS}/{plan['id']}/addons", query="includeDeleted=true")[1]["items"][0]
    sold(call, plan, addon)
    assert shown(call, plan) == [("terminal", 1)]
    assert call("DELETE", f"{PLANS}/{plan['id']}/addons/{plan['id']}")[0] == 404


def test_lists_are_filtered_ordered_and_paged(call: Call) -> None:
    plan = created(call)
    addons = {key: on_sale(call, key=key) for key in ("c", "a", "b")}
    for addon in addons.values():
        sold(call, plan, addon)

    assert shown(call, plan, "orderBy=key") == [("a", 1), ("b", 1), ("c", 1)]
    assert shown(call, plan, "orderBy=key&order=DESC&pageSize=2&page=2") == [("a", 1)]
    assert shown(call, plan, "orderBy=version&pageSize=1000&key=b") == [("b", 1)]
    assert shown(call, plan, f"id={addons['c']['id']}&keyVersion[a]=1&orderBy=key") == [("a", 1), ("c", 1)]
    assert shown(call, plan, "keyVersion[a]=2") == []
    assert call("GET", f"{PLANS}/{plan['id']}/addons", query="orderBy=name")[0] == 400


def test_a_draft_is_told_of_the_add_ons_it_cannot_be_sold_with_and_publish_refuses_them_all(
    call: Call, clock: Clock
) -> None:
    plan = created(call, phases=[TRIAL, PHASE])
    hall, gate = on_sale(call, key="hall"), on_sale(call, key="gate", rateCards=[FEE_WIRE])
    sold(call, plan, hall, fromPlanPhase="trial")
    sold(call, plan, gate)
    clock.pass_day()
    call("POST", f"{ADDONS}/{gate['id']}/archive")
    later = PHASE | {"rateCards": [IN_ARREARS, MILES_WIRE]}

    status, draft = call("PUT", f"{PLANS}/{plan['id']}", PLAN_UPDATE | {"phases": [later]})
    refused, problem = call("POST", f"{PLANS}/{plan['id']}/publish")

    fields = ["/phases", "/phases", "/phases/0/rateCards/0/price/paymentTerm"]
    assert status == 200
    assert [(one["field"], one["code"]) for one in draft["validationErrors"]] == [
        (field, "plan_has_incompatible_addon") for field in fields
    ]
    assert (refused, [field for field, _ in faults_of(problem)]) == (400, fields)
    ((_, told),) = [one for one in _errors(call, plan) if one[0] == "gate"]
    assert told == [("/addon/status", "addon_not_active"), ("/addon/rateCards/0/price/paymentTerm", PAYMENT)]


PAYMENT = "rate_card_payment_term_mismatch"


def _errors(call: Call, plan: dict[str, Any]) -> list[tuple[str, list[tuple[str, str]]]]:
    items = call("GET", f"{PLANS}/{plan['id']}/addons")[1]["items"]
    return [
        (one["addon"]["key"], [(error["field"], error["code"]) for error in one["validationErrors"] or ()])
        for one in items
    ]


def test_the_next_version_of_a_plan_sells_what_it_sold(call: Call, clock: Clock) -> None:
    plan, hall, gate = published(call), on_sale(call, key="hall"), on_sale(call, key="gate")
    sold(call, plan, hall)
    sold(call, plan, gate)
    clock.pass_day()
    call("POST", f"{ADDONS}/{gate['id']}/archive")

    status, draft = call("POST", f"{PLANS}/airline/next")

    assert status == 201
    assert [error["code"] for error in draft["validationErrors"]] == ["plan_has_incompatible_addon"]
    assert sorted(shown(call, draft)) == [("gate", 1), ("hall", 1)]
    call("DELETE", f"{PLANS}/{draft['id']}/addons/{gate['id']}")
    assert call("POST", f"{PLANS}/{draft['id']}/publish")[0] == 200
    assert sorted(shown(call, plan)) == [("gate", 1), ("hall", 1)]


def test_an_add_on_that_a_plan_sells_is_not_deleted(call: Call, clock: Clock) -> None:
    plan, addon = created(call), on_sale(call)
    sold(call, plan, addon)
    clock.pass_day()
    call("POST", f"{ADDONS}/{addon['id']}/archive")

    status, problem = call("DELETE", f"{ADDONS}/{addon['id']}")
    assert (status, problem["code"]) == (409, "addon_in_use")
    assert problem["detail"] == "addon 'terminal' version 1 is sold by plan airline version 1"

    call("DELETE", f"{PLANS}/{plan['id']}/addons/{addon['id']}")
    assert call("DELETE", f"{ADDONS}/{addon['id']}")[0] == 204


def test_another_namespace_sees_nothing_of_it(call: Call) -> None:
    plan, addon = published(call), on_sale(call)
    sold(call, plan, addon)
    every, one = f"{PLANS}/{plan['id']}/addons", f"{PLANS}/{plan['id']}/addons/{addon['id']}"

    for method, path, body in (
        ("GET", every, None),
        ("POST", every, TERMS | {"addonId": addon["id"]}),
        ("GET", one, None),
        ("PUT", one, TERMS),
        ("DELETE", one, None),
    ):
        assert call(method, path, body, namespace="other")[0] == 404


def test_every_change_leaves_a_domain_event(call: Call, database: Database, namespace: str) -> None:
    plan, addon = published(call), on_sale(call)
    sold(call, plan, addon)
    one = f"{PLANS}/{plan['id']}/addons/{addon['id']}"
    call("PUT", one, TERMS)
    _, draft = call("POST", f"{PLANS}/airline/next")
    call("DELETE", one)

    with database.transaction(namespace) as transaction:
        events = transaction.fetch_all(
            "SELECT type, data FROM outbox WHERE namespace = %(namespace)s AND type LIKE 'plan_addon.%%'"
        )

    of_plan = {"planId": plan["id"], "addonId": addon["id"]}
    assert sorted((event["type"].removeprefix("plan_addon."), event["data"] == of_plan) for event in events) == [
        ("created", False),
        ("created", True),
        ("deleted", True),
        ("updated", True),
    ]
    assert {"planId": draft["id"], "addonId": addon["id"]} in [event["data"] for event in events]
