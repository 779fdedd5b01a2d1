"""Add-ons bought for subscriptions, over the real database."""

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from meterhouse.catalog.addon import InstanceType
from meterhouse.catalog.plan_addon import PlanAddonTerms
from meterhouse.catalog.rate_card import RateCard
from meterhouse.kernel.errors import Conflict
from meterhouse.platform.ids import new_id
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from meterhouse.subscriptions.addon_service import AddonService
from meterhouse.subscriptions.addons import AddonChange, NewAddon
from meterhouse.subscriptions.postgres import PostgresStore
from meterhouse.subscriptions.timing import Soon
from tests.unit.subscriptions.samples import at, fee, issuing, metered, phase, spec, usage

if TYPE_CHECKING:
    from tests.integration.subscriptions.conftest import Api

SUBSCRIPTIONS = "/api/v1/subscriptions"
ANN = "/api/v2/customers/ann/entitlements"
START, FEBRUARY, MARCH = "2021-01-10T00:00:00Z", "2021-02-10T00:00:00Z", "2021-03-10T00:00:00Z"
NOW = "2021-01-20T00:00:00Z"
ANY = PlanAddonTerms("trial")
SEAT = fee(amount="5")


@pytest.fixture
def sold(api: "Api") -> "Api":
    """Its plan "sold": a month of trial, then for good; in both a fee of 20 and usage with 100 included."""
    cards = [fee(), metered("100")]
    api.plan(spec(phase("trial", "P1M", *cards), phase("paid", None, *cards)), key="sold")
    api.now = at("2021-01-20")
    return api


def subscribed(api: "Api") -> str:
    subscription_id: str = api.subscribe(plan={"key": "sold"})["id"]
    return subscription_id


def sell(api: "Api", *cards: RateCard, terms: PlanAddonTerms | None = ANY, **fields: Any) -> str:
    return api.addon(*cards, terms=terms, plan="sold", **fields)


def path(subscription_id: str, addon: Any = None) -> str:
    return f"{SUBSCRIPTIONS}/{subscription_id}/addons" + (f"/{addon['id']}" if addon else "")


def wanted(addon_id: str, **fields: object) -> dict[str, object]:
    return {"name": "Seats", "quantity": 1, "timing": "immediate", "addon": {"id": addon_id}} | fields


def bought(api: "Api", subscription_id: str, addon_id: str, **fields: object) -> Any:
    return api.ok("POST", path(subscription_id), wanted(addon_id, **fields))


def faults(api: "Api", method: str, url: str, body: object) -> tuple[int, set[tuple[str, str]]]:
    status, problem = api.call(method, url, body)
    errors = problem.get("extensions", {}).get("validationErrors", [])
    return status, {(one["field"], one["code"]) for one in errors} or {("", problem.get("code", ""))}


def fees(api: "Api", subscription_id: str, key: str = "fee") -> list[tuple[str, str]]:
    """Begin and price of each item of a key, in order of time."""
    phases = api.ok("GET", f"{SUBSCRIPTIONS}/{subscription_id}")["phases"]
    items = [item for phase in phases for item in phase["itemTimelines"].get(key, [])]
    return [(item["activeFrom"], item["price"]["amount"]) for item in items]


def test_an_add_on_is_bought_and_shown_with_its_timeline_and_the_items_it_makes_dearer(sold: "Api") -> None:
    subscription_id, addon_id = subscribed(sold), sell(sold, SEAT)

    made = bought(sold, subscription_id, addon_id, quantity=2, description="d", metadata={"a": "b"})

    shown = sold.ok("GET", f"{SUBSCRIPTIONS}/{subscription_id}")
    dearer = [shown["phases"][0]["itemTimelines"]["fee"][1]["id"], shown["phases"][1]["items"][0]["id"]]
    [card] = made.pop("rateCards")
    assert card["affectedSubscriptionItemIds"] == dearer
    assert (card["rateCard"]["key"], card["rateCard"]["price"]["amount"]) == ("fee", "5")
    assert made.pop("addon") | {"key": ""} == {"id": addon_id, "key": "", "version": 1, "instanceType": "multiple"}
    assert made | {"id": ""} == {
        "id": "",
        "name": "Seats",
        "description": "d",
        "metadata": {"a": "b"},
        "createdAt": NOW,
        "updatedAt": NOW,
        "activeFrom": NOW,
        "quantityAt": NOW,
        "quantity": 2,
        "timeline": [{"activeFrom": NOW, "quantity": 2}],
        "subscriptionId": subscription_id,
    }
    assert fees(sold, subscription_id) == [(START, "20"), (NOW, "30"), (FEBRUARY, "30")]


def test_it_is_found_by_its_id_and_in_the_subscription_s_list(sold: "Api") -> None:
    subscription_id = subscribed(sold)
    seats = bought(sold, subscription_id, sell(sold, SEAT))
    more = bought(sold, subscription_id, sell(sold, fee("extra", "1")))

    assert sold.ok("GET", path(subscription_id, seats)) == seats
    assert sold.ok("GET", path(subscription_id)) == [seats, more]
    assert sold.call("GET", path(subscription_id, {"id": new_id()}))[0] == 404
    assert sold.call("GET", path(new_id()))[0] == 404
    assert sold.call("GET", path(subscription_id), namespace="another")[0] == 404


def test_its_quantity_changes_over_time_down_to_none_and_what_is_past_stays(sold: "Api") -> None:
    subscription_id = subscribed(sold)
    made = bought(sold, subscription_id, sell(sold, SEAT))
    before = sold.ok("GET", f"{SUBSCRIPTIONS}/{subscription_id}")["phases"][0]["itemTimelines"]["fee"]

    sold.now = at("2021-01-25")
    sold.ok("PATCH", path(subscription_id, made), {"quantity": 3, "timing": "next_billing_cycle"})
    gone = sold.ok("PATCH", path(subscription_id, made), {"quantity": 0, "timing": MARCH})

    assert gone["timeline"] == [
        {"activeFrom": NOW, "activeTo": FEBRUARY, "quantity": 1},
        {"activeFrom": FEBRUARY, "activeTo": MARCH, "quantity": 3},
        {"activeFrom": MARCH, "quantity": 0},
    ]
    assert (gone["quantity"], gone["activeTo"]) == (1, MARCH)
    assert fees(sold, subscription_id) == [(START, "20"), (NOW, "25"), (FEBRUARY, "35"), (MARCH, "20")]
    after = sold.ok("GET", f"{SUBSCRIPTIONS}/{subscription_id}")["phases"][0]["itemTimelines"]["fee"]
    assert [(item["id"], item["activeTo"]) for item in after] == [(item["id"], item["activeTo"]) for item in before]


def test_the_same_quantity_again_changes_nothing_and_a_name_changes_nothing_else(sold: "Api") -> None:
    subscription_id = subscribed(sold)
    made = bought(sold, subscription_id, sell(sold, SEAT), quantity=2)
    sold.now = at("2021-01-25")

    assert sold.ok("PATCH", path(subscription_id, made), {"quantity": 2})["timeline"] == made["timeline"]
    assert sold.ok("PATCH", path(subscription_id, made), {})["updatedAt"] == NOW
    renamed = sold.ok("PATCH", path(subscription_id, made), {"name": "New", "metadata": {"c": "d"}})

    assert (renamed["name"], renamed["metadata"], renamed["timeline"]) == ("New", {"c": "d"}, made["timeline"])
    assert events(sold).count("subscription.updated") == 2


def test_what_is_included_grows_with_it_as_an_entitlement_of_its_own(sold: "Api") -> None:
    subscription_id = subscribed(sold)
    made = bought(sold, subscription_id, sell(sold, issuing("50")), quantity=2)
    assert sold.ok("GET", f"{ANN}/usage")["issueAfterReset"] == 200

    sold.now = at("2021-01-25")
    sold.ok("PATCH", path(subscription_id, made), {"quantity": 0})

    there = sold.ok("GET", ANN, query="orderBy=createdAt")["items"]
    told = sorted((one["activeFrom"], one.get("activeTo"), one["issueAfterReset"]) for one in there)
    assert told == [
        (START, NOW, 100),
        (NOW, "2021-01-25T00:00:00Z", 200),
        ("2021-01-25T00:00:00Z", FEBRUARY, 100),
        (FEBRUARY, None, 100),
    ]


def test_while_there_is_any_of_it_the_subscription_is_not_edited(sold: "Api") -> None:
    subscription_id = subscribed(sold)
    made = bought(sold, subscription_id, sell(sold, SEAT), timing=MARCH)
    edit = {"customizations": [{"op": "unschedule_edit"}]}

    refused = faults(sold, "PATCH", f"{SUBSCRIPTIONS}/{subscription_id}", edit)
    sold.ok("PATCH", path(subscription_id, made), {"quantity": 0, "timing": MARCH})

    assert refused == (409, {("", "subscription_has_addons")})
    assert sold.call("PATCH", f"{SUBSCRIPTIONS}/{subscription_id}", edit)[0] == 200


def test_a_cancelation_cuts_it_and_taking_that_back_restores_it(sold: "Api") -> None:
    subscription_id = subscribed(sold)
    bought(sold, subscription_id, sell(sold, SEAT), timing=FEBRUARY)
    whole = fees(sold, subscription_id)

    sold.ok("POST", f"{SUBSCRIPTIONS}/{subscription_id}/cancel", {"timing": "next_billing_cycle"})
    cut = fees(sold, subscription_id)
    sold.ok("POST", f"{SUBSCRIPTIONS}/{subscription_id}/unschedule-cancelation")

    assert (whole, cut) == ([(START, "20"), (FEBRUARY, "25")], [(START, "20")])
    assert fees(sold, subscription_id) == whole


def test_a_customer_without_a_currency_gets_that_of_the_priced_add_on(sold: "Api") -> None:
    sold.plan(spec(phase("trial", None, issuing("1"))), key="free")
    subscription_id = sold.subscribe(plan={"key": "free"})["id"]
    addon_id = sold.addon(fee("seat", "5"), terms=ANY, plan="free")

    bought(sold, subscription_id, addon_id)

    with sold.database.transaction(sold.namespace) as transaction:
        [row] = transaction.fetch_all("SELECT currency FROM customers WHERE namespace = %(namespace)s")
    assert row["currency"] == "USD"


REFUSED: dict[str, tuple[dict[str, object], int, set[tuple[str, str]]]] = {
    "too many": ({"quantity": 4}, 400, {("/quantity", "addon_quantity_above_maximum")}),
    "too early": ({"timing": START}, 400, {("/timing", "timing_in_the_past")}),
    "in a phase before": ({"timing": "2021-02-01T00:00:00Z"}, 400, {("/timing", "addon_not_available_yet")}),
    "both": (
        {"quantity": 4, "timing": "immediate"},
        400,
        {("/quantity", "addon_quantity_above_maximum"), ("/timing", "addon_not_available_yet")},
    ),
    "unknown": ({"addon": {"id": "01HZ0000000000000000000009"}}, 400, {("/addon/id", "addon_not_found")}),
    "negative": ({"quantity": -1}, 400, {("/quantity", "greater_than_equal")}),
    "a fraction": ({"quantity": 1.5}, 400, {("/quantity", "int_type")}),
    "beyond any number": ({"quantity": 10**30}, 400, {("/quantity", "less_than_equal")}),
    "no time": ({"timing": "soon", "name": ""}, 400, {("/timing", "timing"), ("/name", "string_too_short")}),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_the_plan_does_not_sell_like_that_is_refused(sold: "Api", case: str) -> None:
    fields, status, problems = REFUSED[case]
    subscription_id = subscribed(sold)
    addon_id = sell(sold, SEAT, terms=PlanAddonTerms("paid", max_quantity=3))

    body = wanted(addon_id, timing=FEBRUARY) | fields

    assert faults(sold, "POST", path(subscription_id), body) == (status, problems)
    assert sold.ok("GET", path(subscription_id)) == []


def test_of_one_that_is_single_there_is_one_or_none(sold: "Api") -> None:
    subscription_id = subscribed(sold)
    addon_id = sell(sold, SEAT, instance_type=InstanceType.SINGLE)

    for number in (0, 2):
        body = wanted(addon_id, quantity=number)
        assert faults(sold, "POST", path(subscription_id), body) == (400, {("/quantity", "addon_is_single")})
    made = bought(sold, subscription_id, addon_id)
    two = faults(sold, "PATCH", path(subscription_id, made), {"quantity": 2})
    assert two == (400, {("/quantity", "addon_is_single")})
    sold.now = at("2021-01-25")
    assert sold.ok("PATCH", path(subscription_id, made), {"quantity": 0})["quantity"] == 0


def test_more_than_the_plan_sells_are_refused_later_too_and_fewer_are_not(sold: "Api") -> None:
    subscription_id = subscribed(sold)
    made = bought(sold, subscription_id, sell(sold, SEAT, terms=PlanAddonTerms("trial", 3)), quantity=3)

    more = faults(sold, "PATCH", path(subscription_id, made), {"quantity": 4})
    alone = faults(sold, "PATCH", path(subscription_id, made), {"timing": FEBRUARY})

    assert more == (400, {("/quantity", "addon_quantity_above_maximum")})
    assert alone == (400, {("/timing", "timing_without_quantity")})
    assert sold.ok("PATCH", path(subscription_id, made), {"quantity": 1})["quantity"] == 1


def test_what_the_plan_does_not_sell_and_custom_plans_have_no_add_ons(sold: "Api") -> None:
    subscription_id = subscribed(sold)
    unsold = wanted(sell(sold, SEAT, terms=None))
    assert faults(sold, "POST", path(subscription_id), unsold) == (400, {("/addon/id", "addon_not_sold_with_plan")})

    sold.add_customer("bea")
    price = {"type": "flat", "amount": "1"}
    card = {"type": "flat_fee", "key": "fee", "name": "Fee", "billingCadence": "P1M", "price": price}
    custom = {
        "name": "Custom",
        "currency": "USD",
        "billingCadence": "P1M",
        "phases": [{"key": "only", "name": "Only", "duration": None, "rateCards": [card]}],
    }
    body = {"customPlan": custom, "customerKey": "bea"}
    made = sold.ok("POST", SUBSCRIPTIONS, body)
    refused = faults(sold, "POST", path(made["id"]), wanted(sell(sold, SEAT)))
    assert refused == (409, {("", "addons_need_a_plan")})


def test_one_that_is_there_already_is_named(sold: "Api") -> None:
    subscription_id, addon_id = subscribed(sold), sell(sold, SEAT)
    made = bought(sold, subscription_id, addon_id)

    status, refused = sold.call("POST", path(subscription_id), wanted(addon_id))

    assert (status, refused["code"], refused["subscriptionAddonId"]) == (409, "addon_already_bought", made["id"])


def test_one_that_does_not_go_with_another_add_on_is_refused_though_the_plan_sells_both(sold: "Api") -> None:
    subscription_id = subscribed(sold)
    bought(sold, subscription_id, sell(sold, fee("extra", "1")))
    yearly = sell(sold, fee("extra", "1", cadence="P1Y"))

    refused = faults(sold, "POST", path(subscription_id), wanted(yearly))

    assert refused == (409, {("/addon/id", "rate_card_billing_cadence_mismatch")})


def test_ad_05_one_that_does_not_go_with_an_item_of_the_subscription_is_refused(sold: "Api") -> None:
    subscription_id = subscribed(sold)

    refused = faults(sold, "POST", path(subscription_id), wanted(sell(sold, usage())))

    assert refused[0] == 409
    assert ("/addon/id", "rate_card_only_flat_over_flat") in refused[1]


def test_only_active_subscriptions_have_their_add_ons_changed(sold: "Api") -> None:
    subscription_id, addon_id = subscribed(sold), sell(sold, SEAT)
    made = bought(sold, subscription_id, addon_id)
    sold.ok("POST", f"{SUBSCRIPTIONS}/{subscription_id}/cancel", {"timing": "next_billing_cycle"})

    assert faults(sold, "PATCH", path(subscription_id, made), {"quantity": 2}) == (
        409,
        {("", "subscription_state_forbids")},
    )
    other = wanted(sell(sold, SEAT))
    assert faults(sold, "POST", path(subscription_id), other) == (409, {("", "subscription_state_forbids")})


def test_one_by_hand_in_the_way_of_what_it_includes_is_named_and_nothing_is_written(sold: "Api") -> None:
    sold.feature("flag")
    subscription_id = subscribed(sold)
    by_hand = sold.ok("POST", ANN, {"type": "boolean", "featureKey": "flag"})
    before = events(sold)

    status, refused = sold.call("POST", path(subscription_id), wanted(sell(sold, issuing("1", "flag"))))

    assert (status, refused["entitlementId"]) == (409, by_hand["id"])
    assert (sold.ok("GET", path(subscription_id)), events(sold)) == ([], before)


def test_of_many_who_buy_it_at_once_one_succeeds(sold: "Api", database_settings: PostgresSettings) -> None:
    subscription_id, addon_id = subscribed(sold), sell(sold, issuing("1"))

    def buy(_: int) -> str:
        own = Database(lambda: database_settings)
        try:
            service = AddonService(begins(own, PostgresStore), sold.clock)
            service.add(sold.namespace, subscription_id, NewAddon(addon_id, "Seats", 1, Soon.IMMEDIATE))
        except Conflict as refused:
            return refused.code
        finally:
            own.close()
        return "bought"

    with ThreadPoolExecutor(4) as threads:
        outcomes = sorted(threads.map(buy, range(4)))
    assert outcomes == ["addon_already_bought"] * 3 + ["bought"]
    assert len(sold.ok("GET", path(subscription_id))) == 1


def test_changes_at_once_come_one_after_the_other(sold: "Api", database_settings: PostgresSettings) -> None:
    subscription_id = subscribed(sold)
    made = bought(sold, subscription_id, sell(sold, SEAT))

    def change(day: int) -> None:
        own = Database(lambda: database_settings)
        try:
            service = AddonService(begins(own, PostgresStore), sold.clock)
            service.change(sold.namespace, subscription_id, made["id"], AddonChange(day, at(f"2021-02-{day:02}")))
        finally:
            own.close()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(change, range(2, 10)))
    timeline = sold.ok("GET", path(subscription_id, made))["timeline"]
    assert [one["quantity"] for one in timeline] == list(range(1, 10))


def events(api: "Api") -> list[str]:
    with api.database.transaction(api.namespace) as transaction:
        rows = transaction.fetch_all("SELECT type FROM outbox WHERE namespace = %(namespace)s ORDER BY position")
    return [row["type"] for row in rows]
