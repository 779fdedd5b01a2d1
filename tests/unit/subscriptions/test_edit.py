from dataclasses import replace
from datetime import datetime

import pytest

from meterhouse.catalog.feature import Feature, FeatureSpec
from meterhouse.customers.model import CustomerDetails
from meterhouse.kernel.errors import Conflict, InvalidInput, Problem
from meterhouse.subscriptions.edit import Edit
from meterhouse.subscriptions.model import Subscription
from meterhouse.subscriptions.patch import AddItem, Patch, RemoveItem
from meterhouse.subscriptions.timing import Soon, Timing
from tests.unit.subscriptions.fakes import FakeGuard
from tests.unit.subscriptions.house import NOW, WANTED, House, codes
from tests.unit.subscriptions.samples import at, card, fee, phase, spec

MORE = AddItem("default", fee("more"))


@pytest.fixture
def house() -> House:
    return House()


def edit(house: House, of: Subscription, *patches: Patch, timing: Timing = Soon.IMMEDIATE) -> Subscription:
    return house.service.edit("default", of.id, Edit(patches, timing))


def test_an_edit_is_stored_and_told_once_and_its_repeat_changes_nothing(house: House) -> None:
    current = house.subscribe()
    edited = edit(house, current, MORE)
    house.clock.now = at("2021-03-21")
    assert edit(house, current, MORE) == edited == house.service.get("default", current.id)
    assert [event.type for event in house.database.events][-2:] == ["subscription.created", "subscription.updated"]


@pytest.mark.parametrize(("timing", "start"), [(Soon.IMMEDIATE, NOW), (Soon.NEXT_BILLING_CYCLE, at("2021-04-01"))])
def test_an_edit_takes_effect_at_once_or_with_the_next_billing_cycle(
    house: House, timing: Soon, start: datetime
) -> None:
    edited = edit(house, house.subscribe(), MORE, timing=timing)
    assert edited.items[-1].active_from == start


def test_no_other_instant_is_taken(house: House) -> None:
    current = house.subscribe()
    with pytest.raises(InvalidInput) as refused:
        edit(house, current, MORE, timing=at("2021-04-01"))
    assert codes(refused) == [("/timing", "timing_not_allowed")]


def test_the_next_billing_cycle_must_lie_in_the_current_phase(house: House) -> None:
    phases = spec(phase("default", "P3M"), phase("rest", None))
    current = house.subscribe(replace(WANTED, plan=phases))
    with pytest.raises(InvalidInput) as refused:
        edit(house, current, MORE, timing=Soon.NEXT_BILLING_CYCLE)
    assert codes(refused) == [("/timing", "timing_not_in_current_phase")]


def test_only_an_active_subscription_is_edited(house: House) -> None:
    current = house.subscribe()
    house.service.cancel("default", current.id, Soon.NEXT_BILLING_CYCLE)
    later = house.subscribe(replace(WANTED, timing=at("2021-04-01")))
    for one in (current, later):
        with pytest.raises(Conflict) as refused:
            edit(house, one, MORE)
        assert refused.value.code == "subscription_state_forbids"


def test_a_guard_keeps_a_subscription_as_it_is(house: House) -> None:
    current = house.subscribe()
    house.database.store.guards.append(FakeGuard([Problem("", "subscription_has_addons", "it has an add-on")]))
    with pytest.raises(Conflict) as refused:
        edit(house, current, MORE)
    assert refused.value.code == "subscription_has_addons"
    assert house.service.get("default", current.id) == current


def test_the_first_price_that_comes_by_an_edit_settles_the_currency(house: House) -> None:
    free = house.subscribe(replace(WANTED, plan=spec(phase("default", None, card("free", None)))))
    assert house.currency() is None
    edit(house, free, MORE)
    assert house.currency() == "USD"


def test_a_price_in_another_currency_does_not_come_by_an_edit(house: House) -> None:
    free = house.subscribe(replace(WANTED, plan=spec(phase("default", None, card("free", None)))))
    house.customer(CustomerDetails(name="Ann", key="ann", currency="EUR"))
    with pytest.raises(Conflict) as refused:
        edit(house, free, MORE)
    assert refused.value.code == "customer_currency_mismatch"


def test_an_item_is_for_the_feature_that_was_sold_whoever_has_its_key_later(house: House) -> None:
    def feature(feature_id: str) -> None:
        made = Feature(feature_id, FeatureSpec("seats", "Seats"), NOW, NOW)
        house.database.store.features.by_key["seats"] = made

    seats = replace(fee("seats"), feature_key="seats")
    feature("first")
    current = edit(house, house.subscribe(), AddItem("default", seats))
    feature("second")
    assert [item.feature_id for item in current.items] == [None, "first"]
    assert [item.feature_id for item in edit(house, current, MORE).items] == [None, "first", None]
    again = edit(house, current, AddItem("default", seats))
    assert [item.feature_id for item in again.items if item.key == "seats"] == ["first", "second"]
    assert edit(house, current, RemoveItem("default", "seats")).items[-1].active_to == NOW
