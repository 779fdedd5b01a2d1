"""What becomes of usage and balances when a subscription changes: docs/adr/0015, over both real stores."""

from dataclasses import replace
from decimal import Decimal

import pytest

from meterhouse.catalog.price import UnitPrice
from meterhouse.catalog.rate_card import RateCard
from meterhouse.entitlements.entitlement import Entitlement
from meterhouse.entitlements.postgres import PostgresEntitlements
from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.postgres import Database, begins
from meterhouse.subscriptions.create import NewSubscription
from meterhouse.subscriptions.edit import Edit
from meterhouse.subscriptions.patch import AddItem
from meterhouse.subscriptions.postgres import PostgresStore
from meterhouse.subscriptions.sale import Wanted
from meterhouse.subscriptions.service import SubscriptionService
from meterhouse.subscriptions.timing import Soon
from tests.integration.entitlements.usage_house import DAY, HOUR, UsageHouse
from tests.unit.subscriptions.samples import metered, phase, spec

TOKENS = metered("100", "tokens")
MORE = metered("200", "tokens")
DEARER = replace(TOKENS, price=UnitPrice(Decimal(9)))


class Subscriber:
    """The customer of the house, subscribed to 100 tokens a month since its `now`, of whom 30 were used on day 1."""

    def __init__(self, house: UsageHouse) -> None:
        self.house = house
        self.use = SubscriptionService(begins(house.database, PostgresStore), lambda: house.now)
        plan = spec(phase("only", None, TOKENS))
        wanted = NewSubscription(customer="acme", plan=plan, timing=house.now)
        self.subscription = self.use.create(house.namespace, wanted)
        house.used(house.now + HOUR, 30)
        house.now += DAY

    def edit(self, card: RateCard) -> None:
        patch = AddItem("only", card)
        self.use.edit(self.house.namespace, self.subscription.id, Edit([patch], Soon.IMMEDIATE))

    def entitlements(self) -> list[Entitlement]:
        """All there are, in order of time."""
        with self.house.database.transaction(self.house.namespace) as transaction:
            entitlements = PostgresEntitlements(transaction)
            rows = transaction.fetch_all("SELECT id FROM entitlements WHERE namespace = %(namespace)s")
            found = [entitlements.find(row["id"]) for row in rows]
        return sorted((one for one in found if one is not None), key=lambda one: one.active_from)

    def left(self, number: int) -> Decimal | None:
        return self.house.balance(self.entitlements()[number]).available


@pytest.fixture
def subscriber(database: Database, usage_store: ClickHouse, namespace: str) -> Subscriber:
    return Subscriber(UsageHouse(database, namespace, usage_store))


def test_a_new_price_on_the_same_terms_touches_neither_usage_nor_top_ups(subscriber: Subscriber) -> None:
    subscriber.house.granted(5)

    subscriber.edit(DEARER)

    assert len(subscriber.entitlements()) == 1
    assert subscriber.left(0) == 75
    subscriber.house.used(subscriber.house.now + HOUR, 10)
    assert subscriber.left(0) == 65


def test_of_other_terms_the_balance_begins_anew_and_the_old_one_is_kept_as_it_ended(subscriber: Subscriber) -> None:
    subscriber.house.granted(5)

    subscriber.edit(MORE)
    subscriber.house.used(subscriber.house.now + HOUR, 10)

    old, new = subscriber.entitlements()
    assert (old.active_to, new.active_from) == (subscriber.house.now, subscriber.house.now)
    assert subscriber.house.balance(old, subscriber.house.now - HOUR).available == 70
    assert subscriber.left(1) == 190
    assert new.allowance is not None
    assert new.allowance.periods.measured_from == subscriber.house.now


def test_through_a_change_of_plan_the_balance_begins_anew_on_the_same_terms_too(subscriber: Subscriber) -> None:
    wanted = Wanted(plan=spec(phase("other", None, TOKENS)))

    changed = subscriber.use.change(subscriber.house.namespace, subscriber.subscription.id, wanted)
    subscriber.house.used(subscriber.house.now + HOUR, 10)

    old, new = subscriber.entitlements()
    assert (old.managed_by, new.managed_by) == (changed.current.id, changed.next.id)
    assert subscriber.left(1) == 90


def test_the_usage_period_follows_the_billing_anchor_through_a_change_of_plan(subscriber: Subscriber) -> None:
    wanted = Wanted(plan=spec(phase("other", None, TOKENS)))

    subscriber.use.change(subscriber.house.namespace, subscriber.subscription.id, wanted)

    periods = [one.allowance.periods.at(subscriber.house.now) for one in subscriber.entitlements() if one.allowance]
    assert periods[0].end == periods[1].end
    assert periods[1].start == subscriber.house.now
