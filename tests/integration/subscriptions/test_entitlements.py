"""Entitlements come and go with the subscription that includes them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from meterhouse.catalog.entitlement_template import BooleanTemplate
from tests.unit.subscriptions.samples import at, fee, metered, phase, spec

if TYPE_CHECKING:
    from tests.integration.subscriptions.conftest import Api

SUBSCRIPTIONS = "/api/v1/subscriptions"
ANN = "/api/v2/customers/ann/entitlements"
JANUARY, FEBRUARY = "2021-01-10T00:00:00Z", "2021-02-10T00:00:00Z"


@pytest.fixture
def entitling(api: "Api") -> "Api":
    """Its plan "entitled": a month of 10 units, then 100 units and a flag for good."""
    api.feature("flag")
    flag = replace(fee("flag"), feature_key="flag", entitlement=BooleanTemplate())
    sold = spec(phase("trial", "P1M", metered("10")), phase("paid", None, metered("100"), flag))
    api.plan(sold, key="entitled")
    api.now = at("2021-01-10T12:00:00Z")
    return api


def subscribed(api: "Api", **fields: object) -> Any:
    return api.subscribe(plan={"key": "entitled"}, **fields)


def there(api: "Api") -> Sequence[tuple[Any, ...]]:
    """Feature, begin, end and issue of what the customer has or will have, in order of time."""
    items = api.ok("GET", ANN, query="orderBy=createdAt")["items"]
    shown = [(one["featureKey"], one["activeFrom"], one.get("activeTo"), one.get("issueAfterReset")) for one in items]
    return sorted(shown, key=lambda one: (one[1], one[0]))


WHOLE = [
    ("usage", JANUARY, FEBRUARY, 10),
    ("flag", FEBRUARY, None, None),
    ("usage", FEBRUARY, None, 100),
]


def test_they_are_made_with_the_subscription_for_phases_to_come_too(entitling: "Api") -> None:
    made = subscribed(entitling)

    assert there(entitling) == WHOLE
    shown = entitling.ok("GET", f"{SUBSCRIPTIONS}/{made['id']}")
    [trial] = shown["phases"][0]["items"]
    included = trial["included"]["entitlement"]
    assert (included["type"], included["featureKey"], included["issueAfterReset"]) == ("metered", "usage", 10)
    assert included["usagePeriod"]["anchor"] == JANUARY
    assert included["annotations"] == {"subscriptionId": made["id"], "subscriptionItemId": trial["id"]}
    assert included["currentUsagePeriod"] == {"from": JANUARY, "to": FEBRUARY}
    assert [item["included"]["entitlement"]["type"] for item in shown["phases"][1]["items"]] == ["metered", "boolean"]


def test_they_cannot_be_ended_by_hand(entitling: "Api") -> None:
    made = subscribed(entitling)

    status, refused = entitling.call("DELETE", f"{ANN}/usage")

    assert (status, refused["detail"]) == (403, f"the entitlement is managed by subscription {made['id']}")


def test_a_canceled_subscription_takes_them_along_and_one_that_runs_on_brings_them_back(entitling: "Api") -> None:
    made = subscribed(entitling)
    path = f"{SUBSCRIPTIONS}/{made['id']}"

    entitling.ok("POST", f"{path}/cancel", {"timing": "next_billing_cycle"})
    assert there(entitling) == [("usage", JANUARY, FEBRUARY, 10)]

    entitling.ok("POST", f"{path}/unschedule-cancelation")
    assert there(entitling) == WHOLE


def test_one_that_is_canceled_at_once_gives_no_access_from_then_on(entitling: "Api") -> None:
    made = subscribed(entitling)
    entitling.now = at("2021-02-20T08:30:15Z")

    entitling.ok("POST", f"{SUBSCRIPTIONS}/{made['id']}/cancel")

    assert [one[2] for one in there(entitling)] == [FEBRUARY, "2021-02-20T08:30:15Z", "2021-02-20T08:30:15Z"]
    assert entitling.call("GET", f"{ANN}/usage")[0] == 404


def test_canceling_again_changes_nothing(entitling: "Api") -> None:
    made = subscribed(entitling)
    cancel = f"{SUBSCRIPTIONS}/{made['id']}/cancel", {"timing": "next_billing_cycle"}
    entitling.ok("POST", *cancel)
    before = events(entitling)

    entitling.ok("POST", *cancel)

    assert events(entitling) == before


def test_a_deleted_subscription_leaves_none(entitling: "Api") -> None:
    made = subscribed(entitling, timing="2021-03-01T00:00:00Z")
    assert len(there(entitling)) == 3

    entitling.ok("DELETE", f"{SUBSCRIPTIONS}/{made['id']}")

    assert there(entitling) == []
    assert entitling.call("POST", ANN, {"type": "boolean", "featureKey": "flag"})[0] == 201


def test_a_customer_who_has_one_by_hand_is_told_which_and_nothing_is_written(entitling: "Api") -> None:
    by_hand = entitling.ok("POST", ANN, {"type": "boolean", "featureKey": "flag"})
    before = events(entitling)

    body = {"plan": {"key": "entitled"}, "customerKey": "ann"}
    status, refused = entitling.call("POST", SUBSCRIPTIONS, body)

    assert (status, refused["code"], refused["entitlementId"]) == (409, "entitlement_already_exists", by_hand["id"])
    assert events(entitling) == before
    assert entitling.ok("GET", "/api/v1/customers/ann/subscriptions")["items"] == []


def test_one_by_hand_in_the_time_after_a_cancelation_keeps_the_subscription_from_running_on(entitling: "Api") -> None:
    made = subscribed(entitling)
    path = f"{SUBSCRIPTIONS}/{made['id']}"
    entitling.ok("POST", f"{path}/cancel", {"timing": "next_billing_cycle"})
    by_hand = entitling.ok("POST", ANN, {"type": "boolean", "featureKey": "flag"})

    status, refused = entitling.call("POST", f"{path}/unschedule-cancelation")

    assert (status, refused["entitlementId"]) == (409, by_hand["id"])
    assert entitling.ok("GET", path)["activeTo"] == FEBRUARY


def test_of_a_subscription_that_began_in_the_past_only_what_is_not_over_is_made(entitling: "Api") -> None:
    entitling.now = at("2021-06-01")

    subscribed(entitling)

    assert there(entitling) == WHOLE[1:]


def edited(api: "Api", made: Any, *patches: dict[str, object]) -> None:
    api.ok("PATCH", f"{SUBSCRIPTIONS}/{made['id']}", {"customizations": patches, "timing": "immediate"})


def test_an_item_that_is_removed_ends_its_entitlement_and_one_that_is_added_brings_its_own(entitling: "Api") -> None:
    made = subscribed(entitling)
    entitling.now = at("2021-01-20")
    card = {
        "type": "flat_fee",
        "key": "flag",
        "name": "Flag",
        "featureKey": "flag",
        "billingCadence": None,
        "price": None,
        "entitlementTemplate": {"type": "boolean"},
    }

    edited(entitling, made, {"op": "remove_item", "phaseKey": "trial", "itemKey": "usage"}, ADD | {"rateCard": card})

    assert there(entitling)[:2] == [
        ("usage", JANUARY, "2021-01-20T00:00:00Z", 10),
        ("flag", "2021-01-20T00:00:00Z", FEBRUARY, None),
    ]


ADD = {"op": "add_item", "phaseKey": "trial"}


def test_a_phase_that_lasts_longer_takes_its_entitlements_along_and_moves_those_that_follow(entitling: "Api") -> None:
    made = subscribed(entitling)

    edited(entitling, made, {"op": "stretch_phase", "phaseKey": "trial", "extendBy": "P1M"})

    march = "2021-03-10T00:00:00Z"
    assert there(entitling) == [
        ("usage", JANUARY, march, 10),
        ("flag", march, None, None),
        ("usage", march, None, 100),
    ]


def test_a_newer_version_of_the_plan_brings_its_own_where_the_old_ones_end(entitling: "Api") -> None:
    made = subscribed(entitling)
    entitling.next_version(spec(phase("paid", None, metered("500"))), key="entitled")

    done = entitling.ok("POST", f"{SUBSCRIPTIONS}/{made['id']}/migrate", {"timing": "next_billing_cycle"})

    assert there(entitling) == [("usage", JANUARY, FEBRUARY, 10), ("usage", FEBRUARY, None, 500)]
    [item] = done["next"]["phases"][0]["items"]
    assert item["included"]["entitlement"]["issueAfterReset"] == 500


def test_a_subscription_that_is_restored_has_them_back_and_the_one_to_come_has_none(entitling: "Api") -> None:
    made = subscribed(entitling)
    other = {"plan": {"key": "plan"}, "timing": "next_billing_cycle"}
    entitling.ok("POST", f"{SUBSCRIPTIONS}/{made['id']}/change", other)
    assert there(entitling) == [("usage", JANUARY, FEBRUARY, 10)]

    entitling.ok("POST", f"{SUBSCRIPTIONS}/{made['id']}/restore")

    assert there(entitling) == WHOLE


def events(api: "Api") -> list[str]:
    with api.database.transaction(api.namespace) as transaction:
        rows = transaction.fetch_all("SELECT type FROM outbox WHERE namespace = %(namespace)s ORDER BY position")
    return [row["type"] for row in rows]
