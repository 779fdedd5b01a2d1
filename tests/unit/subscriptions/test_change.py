from dataclasses import replace

import pytest

from meterhouse.customers.model import CustomerDetails
from meterhouse.kernel.errors import Conflict, InvalidInput, NotFound
from meterhouse.subscriptions.change import Migration
from meterhouse.subscriptions.model import Subscription, SubscriptionStatus
from meterhouse.subscriptions.sale import PlanChoice, Wanted
from meterhouse.subscriptions.timing import Soon
from tests.unit.subscriptions.house import NOW, ONE_AT_A_TIME, WANTED, House, codes
from tests.unit.subscriptions.samples import at, fee, phase, spec

BETTER = Wanted(plan=spec(phase("start", "P1M", fee("better")), phase("rest", None, fee("best"))))
NEXT_CYCLE = at("2021-04-01")


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
def current(house: House) -> Subscription:
    return house.subscribe()


def test_the_new_subscription_begins_where_the_old_one_ends_and_each_names_the_other(
    house: House, current: Subscription
) -> None:
    changed = house.service.change("default", current.id, BETTER)
    assert (changed.current.id, changed.current.active_to, changed.next.active_from) == (current.id, NOW, NOW)
    assert (changed.current.superseding_id, changed.next.previous_id) == (changed.next.id, current.id)
    assert changed.next.plan is None
    assert house.service.of_customer("default", "ann") == [changed.current, changed.next]
    told = [event.type for event in house.database.events]
    assert told[-2:] == ["subscription.canceled", "subscription.created"]


def test_the_billing_anchor_is_inherited_unless_one_is_given(house: House) -> None:
    current = house.subscribe(replace(WANTED, billing_anchor=at("2021-01-05")))
    later = replace(BETTER, timing=Soon.NEXT_BILLING_CYCLE)
    changed = house.service.change("default", current.id, later)
    assert changed.next.billing_anchor == at("2021-01-05")
    assert changed.next.active_from == at("2021-04-05")
    house.service.restore("default", current.id)
    anchored = house.service.change("default", current.id, replace(BETTER, billing_anchor=NOW))
    assert anchored.next.billing_anchor == NOW


def test_a_change_may_start_in_a_later_phase(house: House, current: Subscription) -> None:
    changed = house.service.change("default", current.id, replace(BETTER, starting_phase="rest"))
    assert [one.key for one in changed.next.phases] == ["rest"]


def test_a_change_that_cannot_be_made_leaves_the_subscription_as_it_was(house: House, current: Subscription) -> None:
    for wanted in (
        replace(BETTER, starting_phase="none"),
        replace(BETTER, timing=at("2021-04-02")),
        Wanted(plan=PlanChoice("other")),
    ):
        with pytest.raises(InvalidInput):
            house.service.change("default", current.id, wanted)
    with pytest.raises(NotFound):
        house.service.change("default", "01HZ0000000000000000000077", BETTER)
    house.customer(CustomerDetails(name="Ann", key="ann", currency="EUR"))
    with pytest.raises(Conflict) as refused:
        house.service.change("default", current.id, BETTER)
    assert refused.value.code == "customer_currency_mismatch"
    assert house.service.get("default", current.id) == current


def test_what_is_canceled_already_is_not_changed(house: House, current: Subscription) -> None:
    house.service.cancel("default", current.id, Soon.NEXT_BILLING_CYCLE)
    with pytest.raises(Conflict) as refused:
        house.service.change("default", current.id, BETTER)
    assert refused.value.code == "subscription_state_forbids"


def test_a_migration_goes_to_the_version_on_sale_and_keeps_name_and_metadata(house: House) -> None:
    current = house.subscribe(replace(WANTED, name="Mine", metadata={"a": "b"}))
    house.next_version(spec(phase("default", None, fee(amount="30"))))
    migrated = house.service.migrate("default", current.id, Migration(timing=Soon.NEXT_BILLING_CYCLE)).next
    assert migrated.plan is not None
    assert (migrated.plan.version, migrated.name, migrated.metadata) == (2, "Mine", {"a": "b"})
    assert (migrated.active_from, migrated.previous_id) == (NEXT_CYCLE, current.id)


def test_a_migration_goes_forward_alone(house: House, current: Subscription) -> None:
    for target in (None, 1):
        with pytest.raises(Conflict) as refused:
            house.service.migrate("default", current.id, Migration(target))
        assert codes(refused) == [("/targetVersion", "plan_version_not_newer")]
    with pytest.raises(InvalidInput) as unknown:
        house.service.migrate("default", current.id, Migration(2))
    assert codes(unknown) == [("/targetVersion", "plan_not_found")]


def test_a_custom_plan_has_no_versions_to_migrate_to(house: House) -> None:
    custom = house.subscribe(replace(WANTED, plan=spec()))
    with pytest.raises(Conflict) as refused:
        house.service.migrate("default", custom.id, Migration())
    assert refused.value.code == "subscription_has_custom_plan"


def test_restoring_deletes_what_was_to_follow_and_lets_the_subscription_run_on(
    house: House, current: Subscription
) -> None:
    changed = house.service.change("default", current.id, replace(BETTER, timing=Soon.NEXT_BILLING_CYCLE))
    with pytest.raises(Conflict) as refused:
        house.service.unschedule_cancelation("default", current.id)
    assert refused.value.code == ONE_AT_A_TIME
    restored = house.service.restore("default", current.id)
    assert (restored.active_to, restored.superseding_id) == (None, None)
    with pytest.raises(NotFound):
        house.service.get("default", changed.next.id)
    told = [event.type for event in house.database.events]
    assert told[-3:] == ["subscription.deleted", "subscription.updated", "subscription.continued"]


def test_what_has_given_way_is_not_restored(house: House, current: Subscription) -> None:
    house.service.change("default", current.id, BETTER)
    with pytest.raises(Conflict):
        house.service.restore("default", current.id)


def test_deleting_what_was_to_follow_is_forgotten_by_the_one_before(house: House, current: Subscription) -> None:
    changed = house.service.change("default", current.id, replace(BETTER, timing=Soon.NEXT_BILLING_CYCLE))
    house.service.delete("default", changed.next.id)
    left = house.service.get("default", current.id)
    assert (left.superseding_id, left.active_to) == (None, NEXT_CYCLE)
    assert left.status_at(NOW) is SubscriptionStatus.CANCELED
