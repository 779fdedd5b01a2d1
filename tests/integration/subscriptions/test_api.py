from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from meterhouse.catalog.postgres import PostgresFeatures
from meterhouse.platform.ids import new_id
from tests.problems import faults_of
from tests.unit.subscriptions.samples import at, card, phase, spec

if TYPE_CHECKING:
    from tests.integration.subscriptions.conftest import Api

SUBSCRIPTIONS = "/api/v1/subscriptions"
JANUARY = "2021-01-10T00:00:00Z"


def test_a_subscription_to_a_plan_is_created_and_shown_with_phases_and_items(api: "Api") -> None:
    made = api.subscribe(metadata={"a": "b"})
    assert made | {"id": "", "plan": {**made["plan"], "id": ""}} == {
        "id": "",
        "name": "Plan",
        "metadata": {"a": "b"},
        "createdAt": "2021-03-20T00:00:00Z",
        "updatedAt": "2021-03-20T00:00:00Z",
        "activeFrom": JANUARY,
        "status": "active",
        "customerId": api.customer,
        "plan": {"id": "", "key": "plan", "version": 1},
        "currency": "USD",
        "costBasisMode": "dynamic",
        "costBasisPins": [],
        "billingCadence": "P1M",
        "billingAnchor": JANUARY,
        "proRatingConfig": {"enabled": True, "mode": "prorate_prices"},
        "settlementMode": "credit_then_invoice",
        "alignment": {
            "billablesMustAlign": True,
            "currentAlignedBillingPeriod": {"from": "2021-03-10T00:00:00Z", "to": "2021-04-10T00:00:00Z"},
        },
    }
    status, shown = api.call("GET", f"{SUBSCRIPTIONS}/{made['id']}")
    assert status == 200
    assert {key: value for key, value in shown.items() if key != "phases"} == made
    trial, paid = shown["phases"]
    assert (trial["key"], trial["activeFrom"], trial["activeTo"]) == ("trial", JANUARY, "2021-01-24T00:00:00Z")
    assert [item["key"] for item in paid["items"]] == ["fee", "usage"]
    fee, usage = paid["items"]
    assert fee["price"] == {"type": "flat", "amount": "20", "paymentTerm": "in_advance"}
    assert fee["billingCadence"] == "P1M"
    assert usage["price"] == {"type": "unit", "amount": "0.5"}
    assert usage["included"]["feature"]["key"] == usage["featureKey"] == "usage"
    assert paid["itemTimelines"] == {"fee": [fee], "usage": [usage]}


def test_a_free_item_has_null_price_and_null_cadence(api: "Api") -> None:
    api.plan(spec(phase("only", None, card("free", None, None))), key="free")
    made = api.subscribe(plan={"key": "free"})
    _, shown = api.call("GET", f"{SUBSCRIPTIONS}/{made['id']}")
    (item,) = shown["phases"][0]["items"]
    assert item["price"] is None
    assert item["billingCadence"] is None


def test_a_custom_plan_is_subscribed_to_without_the_catalog(api: "Api") -> None:
    custom = {
        "name": "Own",
        "currency": "USD",
        "billingCadence": "P1M",
        "phases": [
            {
                "key": "only",
                "name": "Only",
                "duration": None,
                "rateCards": [
                    {
                        "type": "flat_fee",
                        "key": "seat",
                        "name": "Seat",
                        "billingCadence": "P1M",
                        "price": {"type": "flat", "amount": "12.50", "paymentTerm": "in_arrears"},
                    }
                ],
            }
        ],
    }
    status, made = api.call("POST", SUBSCRIPTIONS, {"customPlan": custom, "customerId": api.customer})
    assert status == 201
    assert "plan" not in made
    assert (made["name"], made["activeFrom"]) == ("Own", "2021-03-20T00:00:00Z")


def test_every_fault_of_a_request_is_listed_with_its_pointer(api: "Api") -> None:
    body = {
        "plan": {"key": "Not A Key", "version": 0},
        "customerId": "short",
        "timing": "someday",
        "billingAnchor": "2021-01-01T00:00:00",
        "metadata": {"a": 1},
        "costBasisMode": "frozen",
        "settlementMode": "credit_maybe",
        "surprise": True,
    }
    status, problem = api.call("POST", SUBSCRIPTIONS, body)
    assert status == 400
    assert {field for field, _ in faults_of(problem)} == {
        "/plan/key",
        "/plan/version",
        "/customerId",
        "/timing",
        "/billingAnchor",
        "/metadata/a",
        "/costBasisMode",
        "/settlementMode",
        "/surprise",
    }


@pytest.mark.parametrize(
    "timing", [None, 5, [], {}, "", "next_week", "2021-01-01", "2021-13-01T00:00:00Z", "0001-01-01T00:00:00+14:00"]
)
def test_a_timing_that_says_no_instant_is_a_fault_of_the_request(api: "Api", timing: object) -> None:
    body = {"plan": {"key": "plan"}, "customerKey": "ann", "timing": timing}
    status, problem = api.call("POST", SUBSCRIPTIONS, body)
    assert (status, {*faults_of(problem)}) == (400, {("/timing", "timing")})


@pytest.mark.parametrize("field", ["timing", "billingAnchor"])
@pytest.mark.parametrize("instant", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1969-12-31T23:59:59Z"])
def test_instants_at_the_edges_of_the_calendar_never_break_the_server(api: "Api", field: str, instant: str) -> None:
    body = {"plan": {"key": "plan"}, "customerKey": "ann", field: instant}
    status, answer = api.call("POST", SUBSCRIPTIONS, body)
    assert status in {201, 400}
    if status == 201:
        for method, path in (("GET", ""), ("POST", "/cancel"), ("POST", "/unschedule-cancelation")):
            assert api.call(method, f"{SUBSCRIPTIONS}/{answer['id']}{path}", {} if method == "POST" else None)[0] < 500


def test_customer_and_plan_are_each_named_once(api: "Api") -> None:
    assert {*faults_of(api.call("POST", SUBSCRIPTIONS, {})[1])} == {
        ("/customerId", "one_customer_required"),
        ("/plan", "one_plan_required"),
    }
    body = {"plan": {"key": "plan"}, "customerKey": "ann", "customerId": api.customer}
    assert api.call("POST", SUBSCRIPTIONS, body)[0] == 400


def test_an_unknown_customer_or_plan_is_a_fault_of_the_request(api: "Api") -> None:
    status, problem = api.call("POST", SUBSCRIPTIONS, {"plan": {"key": "nope"}, "customerKey": "nobody"})
    assert status == 400
    assert {*faults_of(problem)} == {("/customerKey", "customer_not_found"), ("/plan/key", "plan_not_found")}


def test_a_second_subscription_at_a_time_and_another_currency_are_conflicts(api: "Api") -> None:
    api.subscribe()
    wanted = {"plan": {"key": "plan"}, "customerKey": "ann"}
    status, problem = api.call("POST", SUBSCRIPTIONS, wanted)
    assert (status, problem["code"]) == (409, "only_single_subscription_allowed_per_customer_at_a_time")
    api.add_customer("bob", currency="EUR")
    status, problem = api.call("POST", SUBSCRIPTIONS, wanted | {"customerKey": "bob"})
    assert (status, problem["code"]) == (409, "customer_currency_mismatch")


def test_a_subscription_is_canceled_runs_on_and_is_deleted_before_it_starts(api: "Api") -> None:
    path = f"{SUBSCRIPTIONS}/{api.subscribe()['id']}"
    status, canceled = api.call("POST", f"{path}/cancel", {"timing": "next_billing_cycle"})
    assert (status, canceled["status"], canceled["activeTo"]) == (200, "canceled", "2021-04-10T00:00:00Z")
    assert api.call("POST", f"{path}/cancel", {"timing": "next_billing_cycle"}) == (200, canceled)
    assert api.call("POST", f"{path}/cancel", {"timing": "immediate"})[0] == 409
    status, running = api.call("POST", f"{path}/unschedule-cancelation")
    assert (status, running["status"]) == (200, "active")
    assert "activeTo" not in running
    assert api.call("POST", f"{path}/unschedule-cancelation")[0] == 409
    assert api.call("DELETE", path)[0] == 409
    assert {*faults_of(api.call("POST", f"{path}/cancel", {"timing": "2021-04-11T00:00:00Z"})[1])} == {
        ("/timing", "timing_not_aligned")
    }
    assert api.call("POST", f"{path}/cancel", {})[1]["activeTo"] == "2021-03-20T00:00:00Z"

    later = api.subscribe(timing="2021-05-01T00:00:00Z")
    assert later["status"] == "scheduled"
    assert api.call("DELETE", f"{SUBSCRIPTIONS}/{later['id']}")[0] == 204
    assert api.call("GET", f"{SUBSCRIPTIONS}/{later['id']}")[0] == 404


def test_cancel_without_a_body_ends_it_now(api: "Api") -> None:
    status, canceled = api.call("POST", f"{SUBSCRIPTIONS}/{api.subscribe()['id']}/cancel")
    assert (status, canceled["status"]) == (200, "inactive")


def test_a_subscription_can_be_seen_as_of_another_instant(api: "Api") -> None:
    made = api.subscribe()
    status, shown = api.call("GET", f"{SUBSCRIPTIONS}/{made['id']}", query="at=2021-01-15T00:00:00Z")
    assert (status, shown["status"]) == (200, "active")
    assert shown["alignment"]["currentAlignedBillingPeriod"] == {"from": JANUARY, "to": "2021-01-24T00:00:00Z"}
    assert api.call("GET", f"{SUBSCRIPTIONS}/{made['id']}", query="at=yesterday")[0] == 400


def test_another_namespaces_subscription_and_an_unknown_one_are_not_found(api: "Api") -> None:
    path = f"{SUBSCRIPTIONS}/{api.subscribe()['id']}"
    for method, action in (("GET", ""), ("DELETE", ""), ("POST", "/cancel"), ("POST", "/unschedule-cancelation")):
        assert api.call(method, path + action, namespace="elsewhere")[0] == 404
    assert api.call("GET", f"{SUBSCRIPTIONS}/{new_id()}")[0] == 404
    status, problem = api.call("GET", f"{SUBSCRIPTIONS}/nonsense")
    assert (status, problem["extensions"]["validationErrors"][0]["field"]) == (400, "path:subscription_id")


def test_a_customers_subscriptions_are_listed_filtered_ordered_and_paged(api: "Api") -> None:
    first = api.subscribe(timing="2020-01-01T00:00:00Z")
    api.now = at("2020-06-15")
    api.call("POST", f"{SUBSCRIPTIONS}/{first['id']}/cancel", {"timing": "immediate"})
    api.now = at("2021-03-20")
    second = api.subscribe()
    for customer in (api.customer, "ann"):
        path = f"/api/v1/customers/{customer}/subscriptions"
        status, page = api.call("GET", path)
        assert (status, page["totalCount"], page["page"], page["pageSize"]) == (200, 2, 1, 100)
        assert [item["id"] for item in page["items"]] == [first["id"], second["id"]]
    assert [item["id"] for item in api.call("GET", path, query="order=DESC")[1]["items"]] == [second["id"], first["id"]]
    by_end = api.call("GET", path, query="orderBy=activeTo&pageSize=1&page=2")[1]
    assert ([item["id"] for item in by_end["items"]], by_end["totalCount"]) == ([second["id"]], 2)
    assert [i["id"] for i in api.call("GET", path, query="status=inactive&status=canceled")[1]["items"]] == [
        first["id"]
    ]
    assert api.call("GET", path, query="status=asleep")[0] == 400
    assert api.call("GET", "/api/v1/customers/nobody/subscriptions")[0] == 404


def test_an_item_shows_the_feature_that_was_sold_though_its_key_is_another_ones_by_now(api: "Api") -> None:
    made = api.subscribe()
    with api.database.transaction(api.namespace) as transaction:
        features = PostgresFeatures(transaction)
        sold = features.by_keys(["usage"])["usage"]
        features.archive(replace(sold, archived_at=api.now))
        features.add(replace(sold, id=new_id()))
        transaction.commit()

    shown = api.ok("GET", f"/api/v1/subscriptions/{made['id']}")

    [usage] = [item for phase in shown["phases"] for item in phase["items"] if item["key"] == "usage"]
    assert usage["included"]["feature"]["id"] == sold.id
