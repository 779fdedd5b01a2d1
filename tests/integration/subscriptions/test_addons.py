"""Add-ons bought for subscriptions, over the real database."""

from typing import TYPE_CHECKING

from meterhouse.catalog.plan_addon import PlanAddonTerms
from meterhouse.platform.ids import new_id
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from meterhouse.subscriptions.addon_service import AddonService
from meterhouse.subscriptions.addons import AddonChange, NewAddon
from meterhouse.subscriptions.postgres import PostgresStore
from meterhouse.subscriptions.timing import Soon
from tests.integration.at_once import at_once
from tests.integration.subscriptions.addon_shop import (
    ANN,
    ANY,
    FEBRUARY,
    MARCH,
    NOW,
    SEAT,
    START,
    SUBSCRIPTIONS,
    bought,
    events,
    faults,
    fees,
    path,
    sell,
    subscribed,
)
from tests.unit.subscriptions.samples import at, fee, issuing, phase, spec

if TYPE_CHECKING:
    from tests.integration.subscriptions.conftest import Api


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


def test_of_many_who_buy_it_at_once_one_succeeds(sold: "Api", database_settings: PostgresSettings) -> None:
    subscription_id, addon_id = subscribed(sold), sell(sold, issuing("1"))

    def buy(own: Database, _: int) -> None:
        service = AddonService(begins(own, PostgresStore), sold.clock)
        service.add(sold.namespace, subscription_id, NewAddon(addon_id, "Seats", 1, Soon.IMMEDIATE))

    assert at_once(database_settings, buy, range(4)) == ["addon_already_bought"] * 3 + ["done"]
    assert len(sold.ok("GET", path(subscription_id))) == 1


def test_changes_at_once_come_one_after_the_other(sold: "Api", database_settings: PostgresSettings) -> None:
    subscription_id = subscribed(sold)
    made = bought(sold, subscription_id, sell(sold, SEAT))

    def change(own: Database, day: int) -> None:
        service = AddonService(begins(own, PostgresStore), sold.clock)
        service.change(sold.namespace, subscription_id, made["id"], AddonChange(day, at(f"2021-02-{day:02}")))

    assert at_once(database_settings, change, range(2, 10)) == ["done"] * 8
    timeline = sold.ok("GET", path(subscription_id, made))["timeline"]
    assert [one["quantity"] for one in timeline] == list(range(1, 10))


def test_a_migration_takes_add_ons_along_as_they_were_sold_and_scheduled_or_is_refused(sold: "Api") -> None:
    subscription_id, addon_id = subscribed(sold), sell(sold, SEAT)
    made = bought(sold, subscription_id, addon_id, quantity=2, metadata={"a": "b"})
    sold.ok("PATCH", path(subscription_id, made), {"quantity": 3, "timing": FEBRUARY})
    sold.next_version(spec(phase("trial", "P1M", fee(amount="40")), phase("paid", None, fee(amount="40"))), "sold")
    migrate = f"{SUBSCRIPTIONS}/{subscription_id}/migrate"

    status, refused = sold.call("POST", migrate, {"timing": "immediate"})
    assert (status, refused["code"]) == (409, "addon_not_carried")
    sold.sell_still(addon_id, PlanAddonTerms("trial", 2), "sold")
    assert sold.call("POST", migrate, {"timing": "immediate"})[0] == 409, "three are scheduled, two are sold"
    sold.ok("PATCH", path(subscription_id, made), {"quantity": 2, "timing": FEBRUARY})
    following = sold.ok("POST", migrate, {"timing": "immediate"})["next"]["id"]
    [carried] = sold.ok("GET", path(following))
    assert (carried["quantity"], carried["metadata"], carried["addon"]["id"]) == (2, {"a": "b"}, addon_id)
    assert carried["id"] != made["id"]
    assert {amount for _, amount in fees(sold, following)} == {"50"}
