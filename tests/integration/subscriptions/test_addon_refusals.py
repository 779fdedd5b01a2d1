"""Add-ons that cannot be bought, or not like that: every fault at its place, and nothing is written."""

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from meterhouse.catalog.addon import InstanceType
from meterhouse.catalog.plan_addon import PlanAddonTerms
from meterhouse.catalog.postgres_addons import PostgresAddons, PostgresPlanAddons
from meterhouse.catalog.postgres_plans import PostgresPlans
from tests.integration.subscriptions.addon_shop import (
    ANN,
    FEBRUARY,
    SEAT,
    START,
    SUBSCRIPTIONS,
    bought,
    events,
    faults,
    path,
    sell,
    subscribed,
    wanted,
)
from tests.unit.subscriptions.samples import at, fee, issuing, usage

if TYPE_CHECKING:
    from tests.integration.subscriptions.conftest import Api
REFUSED: dict[str, tuple[dict[str, object], int, set[tuple[str, str]]]] = {
    "too many": ({"quantity": 4}, 400, {("/quantity", "addon_quantity_above_maximum")}),
    "too early": ({"timing": START}, 400, {("/timing", "timing_in_the_past")}),
    "too many and too early": (
        {"quantity": 4, "timing": START},
        400,
        {("/quantity", "addon_quantity_above_maximum"), ("/timing", "timing_in_the_past")},
    ),
    "unknown and too early": (
        {"addon": {"id": "01HZ0000000000000000000009"}, "timing": START},
        400,
        {("/addon/id", "addon_not_found"), ("/timing", "timing_in_the_past")},
    ),
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
    late = faults(sold, "PATCH", path(subscription_id, made), {"quantity": 4, "timing": START})
    alone = faults(sold, "PATCH", path(subscription_id, made), {"timing": FEBRUARY})

    assert more == (400, {("/quantity", "addon_quantity_above_maximum")})
    assert late == (400, {("/quantity", "addon_quantity_above_maximum"), ("/timing", "timing_in_the_past")})
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


def test_one_that_is_off_sale_is_refused_and_whoever_has_it_may_have_more(sold: "Api") -> None:
    subscription_id, addon_id = subscribed(sold), sell(sold, SEAT)
    made = bought(sold, subscription_id, addon_id)
    other = sell(sold, SEAT)
    with sold.database.transaction(sold.namespace) as transaction:
        addons = PostgresAddons(transaction)
        for one in (addon_id, other):
            found = addons.find(one)
            assert found is not None
            addons.update(replace(found, effective_to=sold.now))
        transaction.commit()

    assert faults(sold, "POST", path(subscription_id), wanted(other)) == (409, {("", "addon_not_active")})
    sold.now = at("2021-01-25")
    assert sold.ok("PATCH", path(subscription_id, made), {"quantity": 2})["quantity"] == 2


def test_of_one_that_the_plan_sells_no_longer_there_may_be_fewer_and_not_more(sold: "Api") -> None:
    subscription_id, addon_id = subscribed(sold), sell(sold, SEAT)
    made = bought(sold, subscription_id, addon_id, quantity=2)
    with sold.database.transaction(sold.namespace) as transaction:
        plan = PostgresPlans(transaction).of_key("sold", 1, sold.now)
        assert plan is not None
        plan_addons = PostgresPlanAddons(transaction)
        link = plan_addons.find(plan.id, addon_id)
        assert link is not None
        plan_addons.update(replace(link, deleted_at=sold.now))
        transaction.commit()

    more = faults(sold, "PATCH", path(subscription_id, made), {"quantity": 3})
    sold.now = at("2021-01-25")

    assert more == (400, {("/quantity", "addon_quantity_above_maximum")})
    assert sold.ok("PATCH", path(subscription_id, made), {"quantity": 1})["quantity"] == 1


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


def test_so_many_that_what_they_include_is_past_every_number_are_refused_and_nothing_is_written(sold: "Api") -> None:
    subscription_id = subscribed(sold)
    made = bought(sold, subscription_id, sell(sold, issuing("10000000000000000")))
    before = events(sold)

    status, refused = sold.call("PATCH", path(subscription_id, made), {"quantity": 1_000_000})

    assert (status, refused["code"]) == (409, "entitlement_not_possible")
    assert "100000000000000000000" in refused["detail"]
    assert events(sold) == before
    assert sold.ok("GET", f"{ANN}/usage")["issueAfterReset"] == 10**16 + 100
    assert sold.ok("GET", f"{SUBSCRIPTIONS}/{subscription_id}")
