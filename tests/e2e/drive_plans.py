"""The plans operations of the official SDK, in the namespace of `test_sdk_coverage` with its meter `bytes`."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from corehttp.exceptions import HttpResponseError, ResourceNotFoundError

Sdk = Any
Eventually = Callable[[Callable[[], object], object], None]
FEE: dict[str, Any] = {
    "type": "flat_fee",
    "key": "platform_fee",
    "name": "Platform fee",
    "billingCadence": "P1M",
    "price": {"type": "flat", "amount": "99", "paymentTerm": "in_advance"},
    "taxConfig": {"behavior": "exclusive", "stripe": {"code": "txcd_10000000"}},
}
TRAFFIC: dict[str, Any] = {
    "type": "usage_based",
    "key": "traffic",
    "name": "Traffic",
    "featureKey": "traffic",
    "billingCadence": "P1M",
    "entitlementTemplate": {
        "type": "metered",
        "isSoftLimit": True,
        "issueAfterReset": 1000,
        "issueAfterResetPriority": 1,
        "preserveOverageAtReset": False,
        "usagePeriod": "P1M",
    },
    "price": {
        "type": "tiered",
        "mode": "graduated",
        "tiers": [
            {"upToAmount": "1000", "flatPrice": {"type": "flat", "amount": "5"}, "unitPrice": None},
            {"flatPrice": None, "unitPrice": {"type": "unit", "amount": "0.01"}},
        ],
        "minimumAmount": "1",
    },
    "discounts": {"percentage": {"percentage": 10}, "usage": {"quantity": "100"}},
}
SUPPORT = FEE | {
    "key": "support",
    "name": "Support",
    "featureKey": "support",
    "price": None,
    "entitlementTemplate": {"type": "static", "config": '{"hours": 24}'},
}
TRIAL = {"key": "trial", "name": "Trial", "duration": "P1M", "rateCards": [SUPPORT]}
PAID = {"key": "paid", "name": "Paid", "duration": None, "rateCards": [FEE, TRAFFIC, SUPPORT]}
TERMS: dict[str, Any] = {
    "name": "Pro",
    "billingCadence": "P1M",
    "proRatingConfig": {"enabled": False, "mode": "prorate_prices"},
    "settlementMode": "credit_then_invoice",
    "metadata": {"tier": "gold"},
    "phases": [TRIAL, PAID],
}


def plan(key: str, **changes: object) -> dict[str, Any]:
    return {"key": key, "currency": "USD", **TERMS, **changes}


def have_features(sdk: Sdk) -> None:
    """The features that the rate cards name; they stay, once they are there."""
    known = {one["key"] for one in sdk.features.list(limit=1000)}
    for feature in ({"key": "traffic", "name": "Traffic", "meterSlug": "bytes"}, {"key": "support", "name": "Support"}):
        if feature["key"] not in known:
            sdk.features.create(feature)


def published(sdk: Sdk, key: str, **changes: object) -> Any:
    have_features(sdk)
    return sdk.plans.publish(sdk.plans.create(plan(key, **changes)).id)


def refused(call: Callable[[], object], status: int) -> HttpResponseError:
    with pytest.raises(HttpResponseError) as refusal:
        call()
    assert refusal.value.status_code == status
    return refusal.value


def ids(page: Iterable[Any]) -> list[str]:
    """Of what a page shows, in its order; the SDK hands out the items of the page asked for alone."""
    return [one.id for one in page]


def create(sdk: Sdk, _eventually: Eventually) -> None:
    have_features(sdk)
    draft = sdk.plans.create(plan("created"))
    assert (draft.key, draft.version, draft.status, draft.currency) == ("created", 1, "draft", "USD")
    assert (draft.metadata, draft.pro_rating_config.enabled, draft.validation_errors) == ({"tier": "gold"}, False, None)
    assert (draft["billingCadence"], [phase["duration"] for phase in draft["phases"]]) == ("P1M", ["P1M", None])
    # what may be of several types this version of the SDK leaves as it is on the wire
    assert [phase.rate_cards for phase in draft.phases] == [[SUPPORT], [FEE, TRAFFIC, SUPPORT]]
    refused(lambda: sdk.plans.create(plan("created")), 409)


def get(sdk: Sdk, _eventually: Eventually) -> None:
    first = published(sdk, "got")
    draft = sdk.plans.create(plan("got", name="Pro 2"))
    assert sdk.plans.get("got").id == sdk.plans.get(first.id).id == first.id
    assert sdk.plans.get("got", include_latest=True).id == draft.id


def list_(sdk: Sdk, _eventually: Eventually) -> None:
    first = published(sdk, "listed_a")
    second = sdk.plans.create(plan("listed_a", currency="EUR"))
    other = sdk.plans.create(plan("listed_b"))
    keys = ["listed_a", "listed_b"]
    assert ids(sdk.plans.list(key=keys, order_by="key")) == [first.id, second.id, other.id]
    assert ids(sdk.plans.list(key=keys, order_by="key", page_size=2, page=2)) == [other.id]
    assert ids(sdk.plans.list(key=keys, status=["active"])) == [first.id]
    assert ids(sdk.plans.list(key=keys, currency=["EUR"])) == [second.id]
    assert ids(sdk.plans.list(id=[other.id, first.id], order_by="key", order="DESC")) == [other.id, first.id]
    assert ids(sdk.plans.list(key_version={"listed_a": [2]})) == [second.id]


def update(sdk: Sdk, _eventually: Eventually) -> None:
    have_features(sdk)
    draft = sdk.plans.create(plan("updated"))
    last = PAID | {"rateCards": [FEE | {"billingCadence": "P1W"}]}
    changed = sdk.plans.update(draft.id, TERMS | {"name": "Pro plus", "phases": [last | {"duration": "P1Y"}]})
    assert (changed.name, changed.currency, changed.version) == ("Pro plus", "USD", 1)
    assert [(error.field, error.code) for error in changed.validation_errors] == [
        ("/phases/0/duration", "plan_phase_duration_not_allowed"),
        ("/phases/0/rateCards/0/billingCadence", "rate_card_billing_cadence_unaligned"),
    ]


def publish(sdk: Sdk, _eventually: Eventually) -> None:
    have_features(sdk)
    draft = sdk.plans.create(plan("published", phases=[PAID | {"rateCards": []}]))
    refused(lambda: sdk.plans.publish(draft.id), 400)
    sdk.plans.update(draft.id, TERMS)
    first = sdk.plans.publish(draft.id)
    assert (first.status, first.effective_to) == ("active", None)
    second = published(sdk, "published")
    assert sdk.plans.get(first.id).status == "archived"
    assert sdk.plans.get(first.id).effective_to == second.effective_from


def archive(sdk: Sdk, _eventually: Eventually) -> None:
    sold = published(sdk, "archived")
    assert sdk.plans.archive(sold.id).status == "archived"
    with pytest.raises(ResourceNotFoundError):
        sdk.plans.get("archived")
    refused(lambda: sdk.plans.archive(sold.id), 409)


def next_(sdk: Sdk, _eventually: Eventually) -> None:
    first = published(sdk, "followed")
    draft = sdk.plans.next("followed")
    assert (draft.version, draft.status, draft.phases) == (2, "draft", first.phases)


def delete(sdk: Sdk, _eventually: Eventually) -> None:
    draft = sdk.plans.create(plan("deleted"))
    sdk.plans.delete(draft.id)
    assert sdk.plans.get(draft.id).deleted_at
    assert ids(sdk.plans.list(key=["deleted"])) == []
    assert ids(sdk.plans.list(key=["deleted"], include_deleted=True)) == [draft.id]
    refused(lambda: sdk.plans.delete(published(sdk, "deleted").id), 409)


PLANS = {
    "plans.create": create,
    "plans.get": get,
    "plans.list": list_,
    "plans.update": update,
    "plans.publish": publish,
    "plans.archive": archive,
    "plans.next": next_,
    "plans.delete": delete,
}
