import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from meterhouse.platform.postgres import Database, PostgresSettings, begins
from meterhouse.subscriptions.create import NewSubscription
from meterhouse.subscriptions.edit import Edit
from meterhouse.subscriptions.model import Subscription
from meterhouse.subscriptions.patch import AddItem
from meterhouse.subscriptions.postgres import PostgresStore, PostgresSubscriptions
from meterhouse.subscriptions.sale import PlanChoice, Wanted
from meterhouse.subscriptions.service import SubscriptionService
from tests.integration.at_once import at_once
from tests.unit.subscriptions.samples import at, fee, spec

if TYPE_CHECKING:
    from tests.integration.subscriptions.conftest import Api


def test_of_many_who_subscribe_one_customer_at_once_one_succeeds_and_the_others_conflict(
    api: "Api", database_settings: PostgresSettings
) -> None:
    wanted = NewSubscription(customer="ann", plan=PlanChoice("plan"), timing=at("2021-01-01"))

    def subscribe(own: Database, _: int) -> None:
        SubscriptionService(begins(own, PostgresStore), lambda: api.now).create(api.namespace, wanted)

    refused = "only_single_subscription_allowed_per_customer_at_a_time"
    assert at_once(database_settings, subscribe, range(4)) == ["done"] + [refused] * 3
    with api.database.transaction(api.namespace) as transaction:
        events = transaction.fetch_all("SELECT type FROM outbox WHERE namespace = %(namespace)s")
    assert sorted(event["type"] for event in events) == ["customer.updated", "subscription.created"]


def test_of_two_edits_at_once_both_are_kept(api: "Api", database_settings: PostgresSettings) -> None:
    made = api.subscribe()["id"]

    def edit(own: Database, key: str) -> None:
        service = SubscriptionService(begins(own, PostgresStore), lambda: api.now)
        service.edit(api.namespace, made, Edit([AddItem("paid", fee(key))]))

    keys = ["a", "b", "c", "d"]
    assert at_once(database_settings, edit, keys) == ["done"] * 4
    shown = api.call("GET", f"/api/v1/subscriptions/{made}")[1]["phases"][1]
    assert sorted(shown["itemTimelines"]) == [*keys, "fee", "usage"]


def test_of_many_who_change_one_subscription_at_once_one_succeeds(
    api: "Api", database_settings: PostgresSettings
) -> None:
    made = api.subscribe()["id"]

    def change(own: Database, _: int) -> None:
        service = SubscriptionService(begins(own, PostgresStore), lambda: api.now)
        service.change(api.namespace, made, Wanted(plan=spec()))

    assert at_once(database_settings, change, range(4)) == ["done"] + ["subscription_state_forbids"] * 3
    assert api.call("GET", "/api/v1/customers/ann/subscriptions")[1]["totalCount"] == 2


WAITING = "SELECT 1 FROM pg_locks WHERE NOT granted"


def test_a_change_and_what_the_namespace_settles_wait_for_each_other_in_one_order(
    api: "Api", database_settings: PostgresSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = api.subscribe()["id"]
    own = Database(lambda: database_settings)
    settling = SubscriptionService(begins(own, PostgresStore), lambda: api.now)
    settling.allow_several(api.namespace, is_allowed=False)
    settled: list[Future[None]] = []

    def update(store: PostgresSubscriptions, before: Subscription, after: Subscription) -> None:
        written(store, before, after)
        settled.append(threads.submit(settling.allow_several, api.namespace, is_allowed=True))
        with api.database.transaction(api.namespace) as watching:
            end = time.monotonic() + 60
            while not watching.fetch_one(WAITING):
                assert time.monotonic() < end, "nobody waits"
                time.sleep(0.01)

    written = PostgresSubscriptions.update
    monkeypatch.setattr(PostgresSubscriptions, "update", update)
    other = Database(lambda: database_settings)
    changing = SubscriptionService(begins(other, PostgresStore), lambda: api.now)
    try:
        with ThreadPoolExecutor(1) as threads:
            changed = changing.change(api.namespace, made, Wanted(plan=spec()))
            assert [one.result() for one in settled] == [None]
        assert settling.allows_several(api.namespace)
    finally:
        own.close()
        other.close()
    assert changed.next.previous_id == made
