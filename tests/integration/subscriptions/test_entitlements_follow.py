"""Whatever is done to subscriptions, in whatever order: the entitlements are those that they include."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING

import pytest

from meterhouse.entitlements.entitlement import Entitlement
from meterhouse.entitlements.postgres import PostgresEntitlements
from meterhouse.kernel.errors import Conflict, InvalidInput
from meterhouse.platform.postgres import begins
from meterhouse.subscriptions.addon_service import AddonService
from meterhouse.subscriptions.addons import AddonChange, NewAddon
from meterhouse.subscriptions.create import NewSubscription
from meterhouse.subscriptions.edit import Edit
from meterhouse.subscriptions.included import included
from meterhouse.subscriptions.model import Subscription
from meterhouse.subscriptions.offset import Offset
from meterhouse.subscriptions.patch import AddItem, Patch, RemoveItem, StretchPhase
from meterhouse.subscriptions.postgres import PostgresStore, PostgresSubscriptions
from meterhouse.subscriptions.sale import PlanChoice, Wanted
from meterhouse.subscriptions.service import SubscriptionService
from meterhouse.subscriptions.timing import Soon, Timing
from tests.integration.subscriptions.addon_shop import sell
from tests.unit.subscriptions.samples import at, issuing, metered

if TYPE_CHECKING:
    from tests.integration.subscriptions.conftest import Api

STEPS = 40


class Story:
    """One customer, and everything that may be done, at random."""

    def __init__(self, api: "Api", seed: int) -> None:
        self.api, self.random = api, Random(seed)  # noqa: S311 - a test's
        begin = begins(api.database, PostgresStore)
        self.use, self.addons = SubscriptionService(begin, api.clock), AddonService(begin, api.clock)
        self.addon = sell(api, issuing("7"))
        api.now = at("2021-01-20")
        self.done: Counter[str] = Counter()
        self.subscribe()

    def subscribe(self) -> None:
        wanted = NewSubscription(customer="ann", plan=PlanChoice("sold"))
        self.id = self.use.create(self.api.namespace, wanted).id

    def step(self) -> None:
        """Let time pass, and do something, or try to."""
        self.api.now += timedelta(hours=self.random.randint(1, 24 * 12))
        in_force = [one.id for one in self.all() if one.status_at(self.api.now) in {"active", "canceled"}]
        self.id = in_force[0] if in_force else self.id
        act = self.random.choice(self._acts()) if in_force else self.subscribe
        try:
            act()
        except (Conflict, InvalidInput):
            self.done["refused"] += 1
        else:
            self.done[act.__name__] += 1

    def _acts(self) -> list[Callable[[], object]]:
        ns, when = self.api.namespace, self._when()

        def cancel() -> None:
            self.use.cancel(ns, self.id, when)

        def run_on() -> None:
            self.use.unschedule_cancelation(ns, self.id)

        def restore() -> None:
            self.use.restore(ns, self.id)

        def edit() -> None:
            self.use.edit(ns, self.id, Edit([self._patch()], when))

        def change() -> None:
            self.use.change(ns, self.id, Wanted(plan=PlanChoice("sold"), timing=when))

        def buy() -> None:
            self.addons.add(ns, self.id, NewAddon(self.addon, "More", self.random.randint(0, 3), when))

        def more_or_less() -> None:
            for addon in self.subscription().addons:
                self.addons.change(ns, self.id, addon.id, AddonChange(self.random.choice([0, 0, 1, 2]), when))

        return [cancel, run_on, run_on, restore, edit, edit, edit, change, buy, buy, more_or_less, more_or_less]

    def _when(self) -> Timing:
        return self.random.choice([Soon.IMMEDIATE, Soon.NEXT_BILLING_CYCLE])

    def _patch(self) -> Patch:
        key = self.random.choice(["trial", "paid"])
        issue = self.random.choice(["1", "100", "100", "500"])
        patches: list[Patch] = [
            AddItem(key, metered(issue)),
            RemoveItem(key, "usage"),
            StretchPhase("trial", Offset(months=self.random.choice([1, 2]))),
        ]
        return self.random.choice(patches)

    def subscription(self) -> Subscription:
        return next(one for one in self.all() if one.id == self.id)

    def all(self) -> list[Subscription]:
        with self.api.database.transaction(self.api.namespace) as transaction:
            return PostgresSubscriptions(transaction).of_customer(self.api.customer)

    def entitlements(self) -> list[Entitlement]:
        with self.api.database.transaction(self.api.namespace) as transaction:
            rows = transaction.fetch_all("SELECT DISTINCT managed_by FROM entitlements WHERE namespace = %(namespace)s")
            entitlements = PostgresEntitlements(transaction)
            return [one for row in rows for one in entitlements.managed_by(row["managed_by"])]


def wanted(story: Story) -> set[tuple[object, ...]]:
    """Subscription, item, end and issue of what should be there from now on."""
    specs = [spec for subscription in story.all() for spec in included(subscription)]
    return {
        (spec.managed_by, spec.managed_item, spec.active_to, spec.allowance and _amount(spec.allowance.issue))
        for spec in specs
        if spec.active_to is None or spec.active_to > story.api.now
    }


def there(story: Story) -> set[tuple[object, ...]]:
    return {
        (one.managed_by, one.managed_item, one.active_to, one.allowance and _amount(one.allowance.issue))
        for one in story.entitlements()
        if not one.is_over(story.api.now)
    }


def _amount(issue: object) -> Decimal | None:
    return getattr(issue, "amount", None)


@pytest.mark.parametrize("seed", range(3))
def test_after_every_step_there_is_what_is_included_and_what_is_over_stays(sold: "Api", seed: int) -> None:
    story = Story(sold, seed)
    for _ in range(STEPS):
        before = {one.id: one for one in story.entitlements() if one.is_over(sold.now)}
        story.step()
        assert there(story) == wanted(story), story.done
        after = {one.id: one for one in story.entitlements()}
        assert all(after[one_id] == one for one_id, one in before.items())
    assert story.done.total() == STEPS
    assert len(story.done) >= 5, story.done
