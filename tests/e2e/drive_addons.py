"""The add-on operations of the official SDK, and those on what plans sell; see `drive_plans`."""

from typing import Any

import pytest
from corehttp.exceptions import ResourceNotFoundError

from tests.e2e.drive_plans import FEE, PAID, TRAFFIC, Eventually, Sdk, have_features, ids, plan, published, refused

MORE_TRAFFIC = TRAFFIC | {"price": None}
del MORE_TRAFFIC["discounts"]
TERMS: dict[str, Any] = {
    "name": "Bundle",
    "instanceType": "multiple",
    "metadata": {"shelf": "top"},
    "rateCards": [FEE, MORE_TRAFFIC],
}


def addon(key: str, **changes: object) -> dict[str, Any]:
    return {"key": key, "currency": "USD", **TERMS, **changes}


def on_sale(sdk: Sdk, key: str, **changes: object) -> Any:
    have_features(sdk)
    return sdk.addons.publish(sdk.addons.create(addon(key, **changes)).id)


def assignment(sold: Any, **changes: object) -> dict[str, Any]:
    return {"addonId": sold.id, "fromPlanPhase": "paid", "maxQuantity": 3, "metadata": {"a": "b"}, **changes}


def create(sdk: Sdk, _eventually: Eventually) -> None:
    have_features(sdk)
    draft = sdk.addons.create(addon("created"))
    assert (draft.key, draft.version, draft.status, draft.instance_type) == ("created", 1, "draft", "multiple")
    assert (draft.metadata, draft.rate_cards) == ({"shelf": "top"}, [FEE, MORE_TRAFFIC])
    refused(lambda: sdk.addons.create(addon("created")), 409)


def get(sdk: Sdk, _eventually: Eventually) -> None:
    first = on_sale(sdk, "got")
    draft = sdk.addons.create(addon("got"))
    assert sdk.addons.get("got").id == sdk.addons.get(first.id).id == first.id
    assert sdk.addons.get("got", include_latest=True).id == draft.id


def list_(sdk: Sdk, _eventually: Eventually) -> None:
    first = on_sale(sdk, "listed_a")
    second = sdk.addons.create(addon("listed_a", currency="EUR"))
    other = sdk.addons.create(addon("listed_b"))
    both = ["listed_a", "listed_b"]
    assert ids(sdk.addons.list(key=both, order_by="key")) == [first.id, second.id, other.id]
    assert ids(sdk.addons.list(key=both, order_by="key", page_size=2, page=2)) == [other.id]
    assert ids(sdk.addons.list(key=both, status=["draft"], currency=["EUR"])) == [second.id]
    assert ids(sdk.addons.list(id=[other.id])) == [other.id]
    assert ids(sdk.addons.list(key_version={"listed_a": [1]})) == [first.id]


def update(sdk: Sdk, _eventually: Eventually) -> None:
    have_features(sdk)
    draft = sdk.addons.create(addon("updated"))
    changed = sdk.addons.update(draft.id, TERMS | {"instanceType": "single", "rateCards": []})
    assert (changed.instance_type, changed.currency) == ("single", "USD")
    assert [(error.field, error.code) for error in changed.validation_errors] == [
        ("/rateCards", "addon_without_rate_cards")
    ]


def publish(sdk: Sdk, _eventually: Eventually) -> None:
    have_features(sdk)
    draft = sdk.addons.create(addon("published", rateCards=[TRAFFIC]))
    refused(lambda: sdk.addons.publish(draft.id), 400)
    sdk.addons.update(draft.id, TERMS)
    assert sdk.addons.publish(draft.id).status == "active"
    on_sale(sdk, "published")
    assert sdk.addons.get(draft.id).status == "archived"


def archive(sdk: Sdk, _eventually: Eventually) -> None:
    sold = on_sale(sdk, "archived")
    assert sdk.addons.archive(sold.id).status == "archived"
    with pytest.raises(ResourceNotFoundError):
        sdk.addons.get("archived")


def delete(sdk: Sdk, _eventually: Eventually) -> None:
    draft = sdk.addons.create(addon("deleted"))
    sdk.addons.delete(draft.id)
    assert ids(sdk.addons.list(key=["deleted"])) == []
    assert ids(sdk.addons.list(key=["deleted"], include_deleted=True)) == [draft.id]
    refused(lambda: sdk.addons.delete(on_sale(sdk, "deleted").id), 409)


def assign(sdk: Sdk, _eventually: Eventually) -> None:
    plan_id, sold = published(sdk, "assigning").id, on_sale(sdk, "assigned")
    assigned = sdk.plan_addons.create(plan_id, assignment(sold))
    assert (assigned.from_plan_phase, assigned.max_quantity, assigned.metadata) == ("paid", 3, {"a": "b"})
    assert (assigned.addon.id, assigned.addon.rate_cards) == (sold.id, [FEE, MORE_TRAFFIC])
    refused(lambda: sdk.plan_addons.create(plan_id, assignment(sold)), 409)
    dear = on_sale(sdk, "assigned_eur", currency="EUR", rateCards=[FEE])
    refused(lambda: sdk.plan_addons.create(plan_id, assignment(dear)), 400)


def get_assigned(sdk: Sdk, _eventually: Eventually) -> None:
    plan_id, sold = published(sdk, "shelf").id, on_sale(sdk, "shelved")
    sdk.plan_addons.create(plan_id, assignment(sold))
    assert sdk.plan_addons.get(plan_id, sold.id).addon.id == sdk.plan_addons.get("shelf", "shelved").addon.id == sold.id


def keys(page: Any) -> list[str]:
    """Of the add-ons that a page shows, in its order."""
    return [one["addon"]["key"] for one in page["items"]]


def list_assigned(sdk: Sdk, _eventually: Eventually) -> None:
    plan_id = published(sdk, "full_shelf").id
    sold = [on_sale(sdk, key) for key in ("shelved_b", "shelved_a")]
    for one in sold:
        sdk.plan_addons.create(plan_id, assignment(one))
    assert keys(sdk.plan_addons.list(plan_id, order_by="key")) == ["shelved_a", "shelved_b"]
    assert keys(sdk.plan_addons.list(plan_id, order_by="key", order="DESC", page_size=1)) == ["shelved_b"]
    assert keys(sdk.plan_addons.list("full_shelf", id=[sold[0].id])) == ["shelved_b"]
    assert keys(sdk.plan_addons.list(plan_id, key_version={"shelved_a": [1]})) == ["shelved_a"]


def update_assigned(sdk: Sdk, _eventually: Eventually) -> None:
    plan_id, sold = published(sdk, "moving").id, on_sale(sdk, "moved")
    sdk.plan_addons.create(plan_id, assignment(sold))
    changed = sdk.plan_addons.update(plan_id, sold.id, {"fromPlanPhase": "trial"})
    assert (changed.from_plan_phase, changed.max_quantity) == ("trial", None)
    refused(lambda: sdk.plan_addons.update(plan_id, sold.id, {"fromPlanPhase": "nowhere"}), 400)


def remove(sdk: Sdk, _eventually: Eventually) -> None:
    draft, sold = sdk.plans.create(plan("clearing", phases=[PAID])), on_sale(sdk, "removed")
    sdk.plan_addons.create(draft.id, assignment(sold))
    sdk.plan_addons.delete(draft.id, sold.id)
    with pytest.raises(ResourceNotFoundError):
        sdk.plan_addons.get(draft.id, sold.id)
    assert keys(sdk.plan_addons.list(draft.id)) == []
    assert keys(sdk.plan_addons.list(draft.id, include_deleted=True)) == ["removed"]


ADDONS = {
    "addons.create": create,
    "addons.get": get,
    "addons.list": list_,
    "addons.update": update,
    "addons.publish": publish,
    "addons.archive": archive,
    "addons.delete": delete,
    "plan_addons.create": assign,
    "plan_addons.get": get_assigned,
    "plan_addons.list": list_assigned,
    "plan_addons.update": update_assigned,
    "plan_addons.delete": remove,
}
