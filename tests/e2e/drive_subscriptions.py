"""The subscriptions operations of the official SDK, each with a customer of its own."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from corehttp.exceptions import HttpResponseError, ResourceNotFoundError

from tests.e2e.drive_subscription_addons import flat, on_sale

Sdk = Any
Eventually = Callable[[Callable[[], object], object], None]
START = dt.datetime(2024, 1, 15, tzinfo=dt.UTC)


def custom(*cards: dict[str, Any]) -> dict[str, Any]:
    phase = {"key": "only", "name": "Only", "duration": None, "rateCards": list(cards)}
    return {"name": "Own", "currency": "USD", "billingCadence": "P1M", "phases": [phase]}


def subscribed(sdk: Sdk, customer: str, **fields: Any) -> Any:
    sdk.customers.create({"key": customer, "name": customer.title()})
    what = {} if "plan" in fields else {"customPlan": custom(flat("fee", "20"))}
    return sdk.subscriptions.create({"customerKey": customer, "timing": START.isoformat()} | what | fields)


def refused(call: Callable[[], object]) -> int | None:
    with pytest.raises(HttpResponseError) as answered:
        call()
    return answered.value.status_code


def create(sdk: Sdk, _eventually: Eventually) -> None:
    on_sale(sdk, "sold", flat("fee", "20"))
    made = subscribed(sdk, "buyer", plan={"key": "sold"}, metadata={"a": "b"})
    assert (made.status, made.plan.key, made.plan.version, made.metadata) == ("active", "sold", 1, {"a": "b"})
    assert refused(lambda: sdk.subscriptions.create({"customerKey": "buyer", "plan": {"key": "sold"}})) == 409
    assert refused(lambda: sdk.subscriptions.create({"customerKey": "nobody", "plan": {"key": "sold"}})) == 400


def get_expanded(sdk: Sdk, _eventually: Eventually) -> None:
    made = subscribed(sdk, "shown_subscriber")
    now, then = (sdk.subscriptions.get_expanded(made.id, at=at) for at in (None, START - dt.timedelta(days=1)))
    assert (now.status, then.status) == ("active", "scheduled")
    assert [item.key for item in now.phases[0].items_property] == ["fee"]


def edit(sdk: Sdk, _eventually: Eventually) -> None:
    made = subscribed(sdk, "edited_subscriber")
    add = {"op": "add_item", "phaseKey": "only", "rateCard": flat("fee", "30")}
    sdk.subscriptions.edit(made.id, {"customizations": [add], "timing": "immediate"})
    later = {"op": "add_phase", "phase": {"key": "later", "name": "Later", "startAfter": "P90Y"}}
    filled = {"op": "add_item", "phaseKey": "later", "rateCard": flat("fee", "40")}
    longer = {"op": "stretch_phase", "phaseKey": "only", "extendBy": "P1M"}
    sdk.subscriptions.edit(made.id, {"customizations": [later, filled, longer]})
    only, following = sdk.subscriptions.get_expanded(made.id).phases
    assert [item.price["amount"] for item in only.item_timelines["fee"]] == ["20", "30"]
    assert only.active_to == following.active_from
    remove = [{"op": "remove_phase", "phaseKey": "later", "shift": "prev"}, {"op": "unschedule_edit"}]
    sdk.subscriptions.edit(made.id, {"customizations": remove})
    assert [one.key for one in sdk.subscriptions.get_expanded(made.id).phases] == ["only"]
    unknown = {"op": "remove_item", "phaseKey": "only", "itemKey": "none"}
    assert refused(lambda: sdk.subscriptions.edit(made.id, {"customizations": [unknown]})) == 400


def change(sdk: Sdk, _eventually: Eventually) -> None:
    made = subscribed(sdk, "changed")
    done = sdk.subscriptions.change(made.id, {"timing": "immediate", "customPlan": custom(flat("better", "50"))})
    assert done.current.active_to == done.next.active_from
    assert done.next.annotations["subscription.previous.id"] == made.id
    assert done.current.annotations["subscription.superseding.id"] == done.next.id
    again = {"timing": "immediate", "customPlan": custom(flat("best", "60"))}
    assert refused(lambda: sdk.subscriptions.change(made.id, again)) == 409


def migrate(sdk: Sdk, _eventually: Eventually) -> None:
    on_sale(sdk, "versioned", flat("fee", "20"))
    made = subscribed(sdk, "migrant", plan={"key": "versioned"})
    assert refused(lambda: sdk.subscriptions.migrate(made.id, {})) == 409
    newer = sdk.plans.next("versioned")
    sdk.plans.publish(newer.id)
    done = sdk.subscriptions.migrate(made.id, {"targetVersion": 2, "timing": "next_billing_cycle"})
    assert (done.next.plan.version, done.next.status, done.current.status) == (2, "scheduled", "canceled")


def restore(sdk: Sdk, _eventually: Eventually) -> None:
    made = subscribed(sdk, "restored")
    later = {"timing": "next_billing_cycle", "customPlan": custom(flat("better", "50"))}
    done = sdk.subscriptions.change(made.id, later)
    assert sdk.subscriptions.restore(made.id).status == "active"
    with pytest.raises(ResourceNotFoundError):
        sdk.subscriptions.get_expanded(done.next.id)


def cancel(sdk: Sdk, _eventually: Eventually) -> None:
    made = subscribed(sdk, "leaver")
    assert sdk.subscriptions.cancel(made.id, {"timing": "next_billing_cycle"}).status == "canceled"
    assert refused(lambda: sdk.subscriptions.cancel(made.id, {"timing": "immediate"})) == 409


def unschedule_cancelation(sdk: Sdk, _eventually: Eventually) -> None:
    made = subscribed(sdk, "returner")
    sdk.subscriptions.cancel(made.id, {"timing": "next_billing_cycle"})
    running = sdk.subscriptions.unschedule_cancelation(made.id)
    assert (running.status, running.active_to) == ("active", None)
    assert refused(lambda: sdk.subscriptions.unschedule_cancelation(made.id)) == 409


def delete(sdk: Sdk, _eventually: Eventually) -> None:
    made = subscribed(sdk, "early", timing="2099-01-01T00:00:00Z")
    sdk.subscriptions.delete(made.id)
    with pytest.raises(ResourceNotFoundError):
        sdk.subscriptions.get_expanded(made.id)
    assert refused(lambda: sdk.subscriptions.delete(subscribed(sdk, "started").id)) == 409


SUBSCRIPTIONS = {
    "subscriptions.create": create,
    "subscriptions.get_expanded": get_expanded,
    "subscriptions.edit": edit,
    "subscriptions.change": change,
    "subscriptions.migrate": migrate,
    "subscriptions.restore": restore,
    "subscriptions.cancel": cancel,
    "subscriptions.unschedule_cancelation": unschedule_cancelation,
    "subscriptions.delete": delete,
}
