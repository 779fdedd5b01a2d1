from typing import TYPE_CHECKING, Any

import pytest

from tests.problems import faults_of
from tests.unit.subscriptions.samples import at

if TYPE_CHECKING:
    from tests.integration.subscriptions.conftest import Api

SUBSCRIPTIONS = "/api/v1/subscriptions"
NOW = "2021-03-20T00:00:00Z"
NEXT_CYCLE = "2021-04-10T00:00:00Z"
FEE = {
    "type": "flat_fee",
    "key": "fee",
    "name": "Fee",
    "billingCadence": "P1M",
    "price": {"type": "flat", "amount": "30", "paymentTerm": "in_advance"},
}
ADD_FEE = {"op": "add_item", "phaseKey": "paid", "rateCard": FEE}


def edit(api: "Api", made: dict[str, Any], *customizations: object, **fields: object) -> tuple[int, Any]:
    return api.call("PATCH", f"{SUBSCRIPTIONS}/{made['id']}", {"customizations": list(customizations), **fields})


def phases(api: "Api", made: dict[str, Any]) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = api.call("GET", f"{SUBSCRIPTIONS}/{made['id']}")[1]["phases"]
    return shown


def test_an_edited_item_shows_what_was_and_what_is_in_its_timeline(api: "Api") -> None:
    made = api.subscribe()
    status, edited = edit(api, made, ADD_FEE, timing="immediate")
    assert (status, edited["id"], edited["updatedAt"], edited["status"]) == (200, made["id"], NOW, "active")
    paid = phases(api, made)[1]
    was, is_ = paid["itemTimelines"]["fee"]
    assert (was["price"]["amount"], was["activeTo"]) == ("20", NOW)
    assert (is_["price"]["amount"], is_["activeFrom"]) == ("30", NOW)
    assert [item["price"]["amount"] for item in paid["items"] if item["key"] == "fee"] == ["30"]
    assert (
        api.call("GET", f"{SUBSCRIPTIONS}/{made['id']}", query="at=2021-03-19T00:00:00Z")[1]["phases"][1]["items"][0]
        == was
    )


def test_an_edit_of_the_next_billing_cycle_is_scheduled_and_unscheduled(api: "Api") -> None:
    made = api.subscribe()
    before = phases(api, made)
    assert edit(api, made, ADD_FEE, timing="next_billing_cycle")[0] == 200
    timeline = phases(api, made)[1]["itemTimelines"]["fee"]
    assert [(item.get("activeTo"), item["price"]["amount"]) for item in timeline] == [(NEXT_CYCLE, "20"), (None, "30")]
    assert edit(api, made, {"op": "unschedule_edit"})[0] == 200
    assert [one["itemTimelines"].keys() for one in phases(api, made)] == [one["itemTimelines"].keys() for one in before]
    assert len(phases(api, made)[1]["itemTimelines"]["fee"]) == 1


def test_phases_are_added_stretched_and_removed(api: "Api") -> None:
    made = api.subscribe()
    last = {"op": "add_phase", "phase": {"key": "last", "name": "Last", "startAfter": "P1Y"}}
    status, _ = edit(api, made, last, {"op": "add_item", "phaseKey": "last", "rateCard": FEE})
    assert status == 200
    assert [(one["key"], one.get("activeTo")) for one in phases(api, made)] == [
        ("trial", "2021-01-24T00:00:00Z"),
        ("paid", "2022-01-10T00:00:00Z"),
        ("last", None),
    ]
    assert edit(api, made, {"op": "stretch_phase", "phaseKey": "paid", "extendBy": "-P1M"})[0] == 200
    assert phases(api, made)[2]["activeFrom"] == "2021-12-10T00:00:00Z"
    assert edit(api, made, {"op": "remove_phase", "phaseKey": "last", "shift": "prev"})[0] == 200
    assert [one["key"] for one in phases(api, made)] == ["trial", "paid"]
    assert "activeTo" not in phases(api, made)[1]["items"][0]


def test_removing_an_item_again_changes_nothing(api: "Api") -> None:
    made = api.subscribe()
    remove = {"op": "remove_item", "phaseKey": "paid", "itemKey": "usage"}
    status, removed = edit(api, made, remove)
    assert status == 200
    api.now = at("2021-03-21")
    assert edit(api, made, remove) == (200, removed)


def test_every_fault_of_an_edit_is_told_at_its_customization(api: "Api") -> None:
    made = api.subscribe()
    status, problem = edit(
        api,
        made,
        {"op": "add_item", "phaseKey": "none", "rateCard": FEE},
        {"op": "remove_item", "phaseKey": "paid", "itemKey": "none"},
        {"op": "stretch_phase", "phaseKey": "paid", "extendBy": "P1M"},
    )
    assert status == 400
    assert faults_of(problem) == [
        ("/customizations/0/phaseKey", "phase_not_found"),
        ("/customizations/1/itemKey", "item_not_found"),
        ("/customizations/2/phaseKey", "phase_has_no_end"),
    ]
    status, problem = edit(api, made, {"op": "stretch_phase", "phaseKey": "paid", "extendBy": "P1M"})
    assert (status, problem["code"], faults_of(problem)) == (
        409,
        "phase_has_no_end",
        [("/customizations/0/phaseKey", "phase_has_no_end")],
    )


@pytest.mark.parametrize(
    ("customization", "field"),
    [
        ({"op": "rename"}, "/customizations/0"),
        ({}, "/customizations/0"),
        ({"op": "add_item", "phaseKey": "paid"}, "/customizations/0/rateCard"),
        ({"op": "remove_phase", "phaseKey": "paid", "shift": "up"}, "/customizations/0/shift"),
        ({"op": "stretch_phase", "phaseKey": "paid", "extendBy": "1 month"}, "/customizations/0/extendBy"),
        ({"op": "add_phase", "phase": {"key": "A", "name": "", "startAfter": None}}, "/customizations/0/phase/key"),
        (
            {"op": "add_phase", "phase": {"key": "a", "name": "A", "startAfter": None, "discounts": {}}},
            "/customizations/0/phase/discounts",
        ),
    ],
)
def test_what_is_no_customization_is_told_where_it_stands(
    api: "Api", customization: dict[str, Any], field: str
) -> None:
    status, problem = edit(api, api.subscribe(), customization)
    assert status == 400
    assert field in {at_ for at_, _ in faults_of(problem)}


def test_an_edit_has_at_most_a_hundred_customizations(api: "Api") -> None:
    made, none = api.subscribe(), {"op": "unschedule_edit"}
    assert edit(api, made, *[none] * 100)[0] == 200
    status, problem = edit(api, made, *[none] * 101)
    assert (status, {field for field, _ in faults_of(problem)}) == (400, {"/customizations"})


def test_only_an_active_subscription_is_edited(api: "Api") -> None:
    made = api.subscribe(timing="2021-05-01T00:00:00Z")
    status, problem = edit(api, made, ADD_FEE)
    assert (status, problem["code"]) == (409, "subscription_state_forbids")
    status, problem = edit(api, {"id": "01HZ0000000000000000000077"}, ADD_FEE)
    assert status == 404


def test_a_tax_code_that_is_not_there_is_refused_in_custom_plans_and_added_items(api: "Api") -> None:
    taxed = FEE | {"taxConfig": {"taxCodeId": "01HZ0000000000000000000000"}}
    status, problem = edit(api, api.subscribe(), ADD_FEE | {"rateCard": taxed})
    pointer = "/rateCard/taxConfig/taxCodeId"
    assert (status, faults_of(problem)) == (400, [(f"/customizations/0{pointer}", "rate_card_tax_code_not_found")])

    only = {"key": "only", "name": "Only", "duration": None, "rateCards": [taxed]}
    custom = {"name": "Custom", "currency": "USD", "billingCadence": "P1M", "phases": [only]}
    status, problem = api.call("POST", SUBSCRIPTIONS, {"customPlan": custom, "customerId": api.customer})
    assert (status, faults_of(problem)) == (
        400,
        [("/customPlan/phases/0/rateCards/0/taxConfig/taxCodeId", "rate_card_tax_code_not_found")],
    )
