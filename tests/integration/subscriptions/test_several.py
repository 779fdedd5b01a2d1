from dataclasses import replace
from typing import TYPE_CHECKING

import psycopg
import pytest

from meterhouse.platform.postgres import Database
from meterhouse.subscriptions.for_customers import PostgresCustomerSubscriptions
from meterhouse.subscriptions.model import Subscription
from meterhouse.subscriptions.postgres import PostgresStore, PostgresSubscriptions
from tests.unit.subscriptions.samples import at, fee, phase, spec, subscription

if TYPE_CHECKING:
    from tests.integration.subscriptions.conftest import Api

SUBSCRIPTIONS = "/api/v1/subscriptions"
SETTINGS = "/api/v1/subscription-settings"
USAGE = replace(fee("usage"), feature_key="usage")


def several(api: "Api", *, allowed: bool) -> int:
    return api.call("PUT", SETTINGS, {"multiSubscription": allowed})[0]


def test_a_namespace_allows_one_subscription_at_a_time_until_it_settles_otherwise(api: "Api") -> None:
    assert api.call("GET", SETTINGS) == (200, {"multiSubscription": False})
    assert api.call("PUT", SETTINGS, {"multiSubscription": True}) == (200, {"multiSubscription": True})
    assert api.call("GET", SETTINGS) == (200, {"multiSubscription": True})
    assert api.call("GET", SETTINGS, namespace="elsewhere") == (200, {"multiSubscription": False})
    assert api.call("PUT", SETTINGS, {"multiSubscription": "some"})[0] == 400


def test_several_subscriptions_share_no_feature_and_the_first_is_the_customers_current_one(api: "Api") -> None:
    api.plan(spec(phase("only", None, fee("other"))), key="other")
    api.plan(spec(phase("only", None, USAGE)), key="same")
    several(api, allowed=True)
    first = api.subscribe()
    api.subscribe(plan={"key": "other"})
    status, problem = api.call("POST", SUBSCRIPTIONS, {"plan": {"key": "same"}, "customerKey": "ann"})
    assert (status, problem["code"]) == (409, "only_single_subscription_item_allowed_at_a_time")
    with api.database.transaction(api.namespace) as transaction:
        assert PostgresCustomerSubscriptions(transaction).current([api.customer], api.now) == {
            api.customer: first["id"]
        }


def test_one_at_a_time_comes_back_once_nobody_has_several(api: "Api") -> None:
    api.plan(spec(phase("only", None, fee("other"))), key="other")
    several(api, allowed=True)
    api.subscribe()
    second = api.subscribe(plan={"key": "other"})
    status, problem = api.call("PUT", SETTINGS, {"multiSubscription": False})
    assert (status, problem["code"]) == (409, "customers_have_several_subscriptions")
    assert api.call("GET", SETTINGS)[1] == {"multiSubscription": True}
    assert api.call("POST", f"{SUBSCRIPTIONS}/{second['id']}/cancel", {})[0] == 200
    assert several(api, allowed=False) == 200
    assert api.call("POST", SUBSCRIPTIONS, {"plan": {"key": "other"}, "customerKey": "ann"})[0] == 409


def of(customer: str, subscription_id: str, start: str = "2021-01-01", *, end: str | None = None) -> Subscription:
    made = replace(subscription(start, [USAGE], end=end), id=subscription_id)
    return replace(made, customer_id=customer)


def test_the_database_itself_refuses_two_items_of_a_feature_at_a_time(database: Database, namespace: str) -> None:
    with database.transaction(namespace) as transaction:
        PostgresStore(transaction).settings.allow_several(at("2021-01-01"), is_allowed=True)
        subscriptions = PostgresSubscriptions(transaction)
        subscriptions.add(of("c1", "one"))
        subscriptions.add(of("c2", "another's"))
        subscriptions.update(of("c1", "one"), of("c1", "one", end="2021-02-01"))
        subscriptions.add(of("c1", "next", "2021-02-01", end="2021-03-01"))
        with pytest.raises(psycopg.errors.ExclusionViolation, match="one_item_of_a_feature_at_a_time"):
            subscriptions.add(of("c1", "two", "2021-02-28"))


def test_a_deleted_subscription_gives_its_features_up(database: Database, namespace: str) -> None:
    made = of("c1", "one")
    with database.transaction(namespace) as transaction:
        subscriptions = PostgresSubscriptions(transaction)
        subscriptions.add(made)
        subscriptions.update(made, replace(made, deleted_at=at("2020-12-01")))
        subscriptions.add(of("c1", "two"))


def test_the_database_itself_refuses_a_second_subscription_where_one_is_allowed(
    database: Database, namespace: str
) -> None:
    with database.transaction(namespace) as transaction:
        settings, subscriptions = PostgresStore(transaction).settings, PostgresSubscriptions(transaction)
        settings.allow_several(at("2021-01-01"), is_allowed=True)
        subscriptions.add(replace(of("c1", "one"), phases=()))
        subscriptions.add(replace(of("c1", "two", end="2021-01-31"), phases=()))
        assert not settings.allow_several(at("2021-01-15"), is_allowed=False)
        assert settings.allow_several(at("2021-02-15"), is_allowed=False)
        with pytest.raises(psycopg.errors.ExclusionViolation):
            subscriptions.add(replace(of("c1", "three"), phases=()))
