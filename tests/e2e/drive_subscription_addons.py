"""The official SDK buys add-ons for subscriptions, in the namespace of `test_sdk_coverage` with its meter `bytes`."""

from collections.abc import Callable
from typing import Any

import pytest
from corehttp.exceptions import HttpResponseError, ResourceNotFoundError

Sdk = Any
Eventually = Callable[[Callable[[], object], object], None]


def flat(key: str, amount: str) -> dict[str, Any]:
    price = {"type": "flat", "amount": amount, "paymentTerm": "in_advance"}
    return {"type": "flat_fee", "key": key, "name": key, "billingCadence": "P1M", "price": price}


def on_sale(sdk: Sdk, key: str, *cards: dict[str, Any]) -> Any:
    """A plan of one open phase, published."""
    phase = {"key": "only", "name": "Only", "duration": None, "rateCards": list(cards)}
    body = {"key": key, "name": key, "currency": "USD", "billingCadence": "P1M", "phases": [phase]}
    return sdk.plans.publish(sdk.plans.create(body).id)


def subscribed(sdk: Sdk, key: str) -> tuple[str, str]:
    """A customer who subscribes to a plan, and the add-on the plan sells for it: all of one key, up to five seats."""
    plan = on_sale(sdk, key, flat("fee", "20"))
    addon = {"key": key, "name": key, "currency": "USD", "instanceType": "multiple", "rateCards": [flat("fee", "5")]}
    sold = sdk.addons.publish(sdk.addons.create(addon).id)
    sdk.plan_addons.create(plan.id, {"fromPlanPhase": "only", "maxQuantity": 5, "addonId": sold.id})
    sdk.customers.create({"key": key, "name": key, "usageAttribution": {"subjectKeys": [f"{key}-app"]}})
    made = sdk.subscriptions.create({"plan": {"key": key}, "customerKey": key})
    return made.id, sold.id


def buy(sdk: Sdk, subscription_id: str, addon_id: str, **fields: Any) -> Any:
    body = {"name": "Seats", "quantity": 2, "timing": "immediate", "addon": {"id": addon_id}}
    return sdk.subscription_addons.create(subscription_id, body | fields)


def create(sdk: Sdk, _eventually: Eventually) -> None:
    subscription_id, addon_id = subscribed(sdk, "seats_bought")
    made = buy(sdk, subscription_id, addon_id, metadata={"order": "1"})
    assert (made.addon.id, made.quantity, made.subscription_id) == (addon_id, 2, subscription_id)
    assert ([one.quantity for one in made.timeline], made.metadata) == ([2], {"order": "1"})
    [card] = made.rate_cards
    shown = sdk.subscriptions.get_expanded(subscription_id)
    [item] = shown.phases[0].items_property
    assert card.affected_subscription_item_ids == [item.id]
    assert item.price["amount"] == "30"
    with pytest.raises(HttpResponseError) as refused:
        buy(sdk, subscription_id, addon_id)
    assert refused.value.status_code == 409


def get(sdk: Sdk, _eventually: Eventually) -> None:
    subscription_id, addon_id = subscribed(sdk, "seats_shown")
    made = buy(sdk, subscription_id, addon_id)
    assert sdk.subscription_addons.get(subscription_id, made.id).id == made.id
    with pytest.raises(ResourceNotFoundError):
        sdk.subscription_addons.get(subscription_id, addon_id)


def list_(sdk: Sdk, _eventually: Eventually) -> None:
    subscription_id, addon_id = subscribed(sdk, "seats_listed")
    assert list(sdk.subscription_addons.list(subscription_id)) == []
    made = buy(sdk, subscription_id, addon_id)
    assert [one.id for one in sdk.subscription_addons.list(subscription_id)] == [made.id]


def update(sdk: Sdk, _eventually: Eventually) -> None:
    subscription_id, addon_id = subscribed(sdk, "seats_changed")
    made = buy(sdk, subscription_id, addon_id)
    change = sdk.subscription_addons.update
    later = change(subscription_id, made.id, {"quantity": 0, "timing": "next_billing_cycle"})
    assert ([one.quantity for one in later.timeline], later.quantity) == ([2, 0], 2)
    assert later.active_to == later.timeline[1].active_from
    with pytest.raises(HttpResponseError) as refused:
        change(subscription_id, made.id, {"quantity": 6, "timing": "immediate"})
    assert refused.value.status_code == 400


SUBSCRIPTION_ADDONS = {
    "subscription_addons.create": create,
    "subscription_addons.get": get,
    "subscription_addons.list": list_,
    "subscription_addons.update": update,
}
